"""The numbered messages about content: words, forms, visits, clinics. Append here, never reuse a number."""

from engine.diagnostics_kinds import WARNING, Kind

CONTENT: tuple[Kind, ...] = (
    # TEXT: words for people
    Kind(
        "TEXT001",
        "this text is missing in `{language}`",
        "Everybody reads every page in their language.",
        "add `{language}:`",
    ),
    # FORM: forms, their items and red flags, and consent clauses
    Kind(
        "FORM001", "the id `{id}` stands twice (first at line {line})", "Answers go by their ids.", "rename one of them"
    ),
    Kind(
        "FORM002",
        "`{id}` is a word of the condition language",
        "A condition could not tell them apart.",
        "choose another id",
    ),
    Kind(
        "FORM003",
        "`{item}` waits for `{other}`, which stands further down",
        "Questions are asked from top to bottom; an answered page would change again.",
        "move `{other}` above `{item}`",
    ),
    Kind(
        "FORM004", "these items wait for each other: {items}", "None of them could ever be shown.", "break the circle"
    ),
    Kind(
        "FORM005", "`{item}` can never be shown", "No way of answering the form leads to it.", "correct its `show_when`"
    ),
    Kind(
        "FORM006",
        "the red flag `{flag}` can never be raised",
        "A warning that never comes protects nobody.",
        "correct its `when`",
    ),
    Kind("FORM007", "`{key}` is not for items of type `{type}`", "It would be ignored.", "remove it"),
    Kind("FORM008", "items of type `{type}` need `{key}`", "Without it the item cannot be answered.", "add `{key}:`"),
    Kind(
        "FORM009",
        "unknown fact `{path}` in `fills`{hint}",
        "The answer would reach nobody.",
        "use a path of the vocabulary",
    ),
    Kind("FORM010", "the answer does not fit `{path}`: {reason}", "Facts are typed.", "map the answers under `values`"),
    Kind(
        "FORM011",
        "the red flag `{flag}` stands on `{item}`, which may be left blank",
        "A blank answer would leave the danger undecided.",
        "make the item required and give it an answer for not knowing",
    ),
    Kind(
        "FORM012", "the file is named `{found}` here but lies at `{expected}`", "Path is address.", "write `{expected}`"
    ),
    Kind("FORM013", "the limits contradict each other", "No answer could satisfy them.", "correct `least` and `most`"),
    Kind("FORM014", "unknown choice `{choice}`{hint}", "It is none of the item's choices.", "use one of: {allowed}"),
    Kind(
        "FORM016",
        "the case `{name}` expects {expected}, but {found}",
        "A case shows what the form does; one of the two is wrong.",
        "correct the form or the case",
    ),
    Kind(
        "FORM017",
        "no case shows the red flag `{flag}`",
        "A warning that nobody ever saw come may not come.",
        "add a case that expects it",
        WARNING,
    ),
    Kind("FORM018", "unknown item `{item}`{hint}", "The case would show nothing.", "use one of: {allowed}"),
    Kind("FORM019", "this is no answer to `{item}` ({reason})", "A case walks as a patient would.", "correct it"),
    Kind(
        "FORM020",
        "unknown item `{item}` in the score `{score}`{hint}",
        "A sum over no answer counts nothing.",
        "use one of: {allowed}",
    ),
    Kind(
        "FORM021",
        "a choice of `{item}` has no weight",
        "A sum in which an answer counts for nothing would be wrong and look right.",
        "make it an item of type `choice` and give every choice of it a `weight`",
    ),
    Kind(
        "FORM022",
        "the band `{band}` begins at {found}",
        "Every sum falls in exactly one band.",
        "let the first band begin at {least}, each next one higher, and none above {most}",
    ),
    Kind(
        "FORM023",
        "no score counts the weights of `{item}`",
        "A question that the sum forgets makes it too low.",
        "name the item under a score's `items`, or remove its weights",
        WARNING,
    ),
    Kind(
        "FORM024",
        "no case shows the score `{score}`",
        "A sum that nobody ever checked may be added up wrongly.",
        "add a case that expects it",
        WARNING,
    ),
    Kind(
        "FORM025",
        "the wording in `{language}` has no source",
        "A validated question translated by anybody is another question.",
        "add `{language}:` with the published version it was taken from",
    ),
    Kind(
        "FORM026",
        "a source for the wording in `{language}`, which the form does not speak",
        "It would be about no words.",
        "add `{language}` to `languages` and to the texts, or remove it",
    ),
    Kind(
        "FORM027",
        "two answers of one question have the code `{name}` (first at line {line})",
        "Other programs could not tell them apart.",
        "give each its own code",
    ),
    Kind(
        "FORM028",
        "`{item}` fills `{path}` as `{other}` does (line {line}), and both can be shown",
        "Of two answers to one fact nobody knows which is meant.",
        "let one of them fill it, or show them on conditions that exclude each other",
    ),
    Kind(
        "FORM029",
        "the condition of `{id}` holds whatever is answered",
        "It looks like a branch and is none.",
        "correct it, or leave it out",
        WARNING,
    ),
    Kind(
        "FORM030",
        "alternative {number} of `any` in the condition of `{id}` can never hold",
        "What it was written for is never noticed.",
        "correct it, or leave it out",
        WARNING,
    ),
    Kind(
        "FORM031",
        "`{item}` can never be required",
        "No way of answering the form makes its `required_when` hold.",
        "correct its `required_when`, or write `optional: true`",
        WARNING,
    ),
    Kind(
        "FORM032",
        "the case `{name}` expects nothing",
        "It holds whatever the form does.",
        "write what it shows under `expect`",
    ),
    Kind(
        "FORM033",
        "two choices read the same in `{language}` (first at line {line})",
        "Whoever chooses one may have meant the other.",
        "say in the words how they differ",
        WARNING,
    ),
    Kind(
        "FORM034",
        "`{key}` is {found}, which no answer can be",
        "Answers go in steps of {step}.",
        "write a limit in such steps, or more `places` for a decimal",
    ),
    Kind(
        "FORM035",
        "the scale has more than {most} steps",
        "They do not fit a phone, and nobody tells them apart.",
        "write a shorter scale, or an item of type `integer`",
    ),
    Kind(
        "FORM036",
        "the emergency `{flag}` names no number to call",
        "Whoever reads it needs one more thing: whom to call now.",
        "add `call:` with the number, such as '911'",
        WARNING,
    ),
    Kind(
        "FORM037",
        "unknown `{path}` in `prefill`{hint}",
        "The question would always begin empty.",
        "write `last_answer`, or the path of the fact that the item fills",
    ),
    Kind(
        "FORM038",
        "`{item}` begins with `{path}` but does not fill it",
        "What was told once is offered only where it is asked again.",
        "add `fills:` with the same path, or write `last_answer`",
    ),
    Kind(
        "FORM039",
        "`{item}` begins with an old answer, and {what} stands on it",
        "An old danger, or an old sum, is not today's.",
        "remove `prefill` from the item",
    ),
    Kind(
        "FORM040",
        "`{choice}` stands beside others and is mapped to null",
        "With it `{path}` stays untold, whatever else is chosen; a list is told whole or not at all.",
        "map it to a value, or make it the choice that stands `alone`",
    ),
    Kind(
        "FORM041",
        "`{by}` is no choice above the photos{hint}",
        "Which photos are taken goes by the answer to it.",
        "name an item of type `choice` that is asked before: {allowed}",
    ),
    Kind(
        "FORM042",
        "the shot `{shot}` is for some sites, and nothing tells the site",
        "It would never be asked for.",
        "add `by:` with the item that asks for the site, or remove `sites`",
    ),
    Kind(
        "FORM043",
        "no photo is due for `{site}`",
        "A clinician could not judge what nobody has to show.",
        "write a shot for it that is not `optional`",
    ),
    Kind(
        "FORM044",
        "no photo is lighter than {dark} and darker than {bright}",
        "Every photo would be called too dark or too bright.",
        "write a `dark` that is less than `bright`",
    ),
    # VISIT: specialties, visit types, steps
    Kind(
        "VISIT001", "unknown kind of step `{kind}`{hint}", "Steps come from a small library.", "use one of: {allowed}"
    ),
    Kind("VISIT002", "the step `{id}` stands twice", "Steps go by their ids.", "rename one of them"),
    Kind(
        "VISIT003",
        "`after` names the unknown step `{id}`{hint}",
        "The step would never begin.",
        "use one of: {allowed}",
    ),
    Kind("VISIT004", "these steps wait for each other: {steps}", "None of them could ever begin.", "break the circle"),
    Kind("VISIT005", "unknown form `{form}`{hint}", "The step would have nothing to ask.", "use one of: {allowed}"),
    Kind(
        "VISIT006",
        "a step of kind `{kind}` opens by the gate {expected}",
        "A gate left out is a law unasked.",
        "write `gate: {gate}`",
    ),
    Kind("VISIT007", "the visit type has no step of kind `{kind}`", "{reason}", "add one"),
    Kind(
        "VISIT008",
        "`{id}` ({kind}) must come after a step of kind `{earlier}`",
        "It stands on what that step finds out.",
        "add it to `after`, directly or through another step",
    ),
    Kind(
        "VISIT009",
        "`{value}` is no length of time",
        "Timers need a number and a unit.",
        "write `10 min`, `24 h`, `7 days` or `30 s`",
    ),
    Kind(
        "VISIT010", "the specialty has no `{file}`", "A step of its visit types needs it.", "add the file to the folder"
    ),
    Kind(
        "VISIT011",
        "the formulary does not fit: {reason}",
        "What is offered must be lawful to send.",
        "correct the entry",
    ),
    Kind(
        "VISIT012",
        "the specialty speaks `{language}`, but its form `{form}` does not",
        "Patients would meet words they cannot read.",
        "add `{language}` to the form's `languages` and to its texts",
    ),
    Kind(
        "VISIT013",
        "the words of `{form}` in `{language}` could not be compared with the published ones",
        "An instrument's scores are validated for its published words only.",
        "compare them, then correct `checked` and `confidence` in the form",
        WARNING,
    ),
    Kind(
        "VISIT014",
        "an asynchronous consult does not say how soon it is answered",
        "The patient is told when an answer is due, and the clinicians' inbox goes by it.",
        "add `answer_within`, such as `answer_within: 24 h`",
    ),
    Kind("VISIT015", "`{key}` at a consult with a call", "A call has no clock to be answered by.", "remove it"),
    Kind(
        "VISIT016",
        "the modality is `{modality}`, and the consult is another kind of encounter",
        "The law would be asked about an encounter that is not the one that takes place.",
        "write `modality: {allowed}`, or the medium that it is",
    ),
    Kind(
        "VISIT017",
        "a waiting room at a visit without a call",
        "Nobody is let in, so the visit would wait for ever.",
        "remove the step and let what came after it follow what came before it",
    ),
    # CLINIC: clinic files
    Kind("CLINIC001", "unknown specialty `{id}`{hint}", "The clinic could not offer it.", "use one of: {allowed}"),
    Kind("CLINIC002", "no price for `{id}`", "A visit needs a price before it can be booked.", "add it under `prices`"),
    Kind(
        "CLINIC003",
        "a price for the unknown visit type `{id}`{hint}",
        "Nothing could be booked for it.",
        "use one of: {allowed}",
    ),
    Kind(
        "CLINIC004",
        "`{value}` is no opening",
        "Openings are wall-clock times of a day.",
        "write `08:00-17:30`; `00:00-24:00` is all day",
    ),
    Kind(
        "CLINIC005",
        "unknown time zone `{zone}`",
        "Hours are wall-clock times of a zone.",
        "use an IANA name such as America/New_York",
    ),
    Kind(
        "CLINIC006",
        "`{colour}` does not stand out enough ({ratio} to 1, 4.5 is needed); `{repaired}` is used instead",
        "Text on it could not be read.",
        "write `{repaired}`",
        WARNING,
    ),
    Kind("CLINIC007", "the id `{id}` stands twice", "People are loaded once, by their ids.", "rename one of them"),
    Kind(
        "CLINIC008",
        "no clinician of the clinic holds a licence in {state}",
        "Nobody could be booked there.",
        "add a licence",
        WARNING,
    ),
    Kind(
        "CLINIC009",
        "`{value}` is no day",
        "Licences count by days.",
        "write `2027-01-31`, `today`, `today-1d` or `today+400d`",
    ),
    Kind("CLINIC010", "`{zip}` is no ZIP code in {state}", "A pharmacy is found by its place.", "correct the ZIP code"),
    Kind(
        "CLINIC011",
        "the clinic speaks `{language}`, but {what} does not",
        "Patients would meet words they cannot read.",
        "add the texts",
    ),
)
