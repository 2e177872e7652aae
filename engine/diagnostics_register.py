"""Every numbered message there is: append here, never reuse a number."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a diagnostic matters: an error stops the load, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Kind:
    """One entry of the register; `what` and `fix` are templates filled by the reporter's named values."""

    code: str
    what: str
    why: str
    fix: str
    severity: Severity = Severity.ERROR


_WARNING = Severity.WARNING

REGISTER: tuple[Kind, ...] = (
    # READ: the text of a file
    Kind("READ001", "this is not valid YAML: {problem}", "The file cannot be read at all.", "correct the line"),
    Kind(
        "READ002",
        "the key `{key}` stands here twice (first at line {line})",
        "YAML would silently keep only the last one.",
        "remove or rename one of them",
    ),
    Kind(
        "READ003",
        "anchors, aliases, merge keys and tags are not used here: `{text}`",
        "A file should say what it means where it is read.",
        "write the value out",
    ),
    Kind("READ004", "the file is empty", "An empty file says nothing that can be checked.", "add its content"),
    Kind("READ005", "a key must be plain text, this one is {found}", "Keys are names.", "put a name here"),
    Kind("READ006", "the file cannot be opened: {problem}", "Everything named must exist.", "check name and rights"),
    Kind(
        "READ007",
        "the file is not UTF-8 text",
        "All files are read as UTF-8, so that every machine reads the same.",
        "save it as UTF-8",
    ),
    # SHAPE: what a kind of file may hold
    Kind(
        "SHAPE001",
        "unknown key `{key}`{hint}",
        "Files are closed: a misspelt key would be ignored.",
        "use one of: {allowed}",
    ),
    Kind("SHAPE002", "`{key}` is missing", "This kind of entry needs it.", "add `{key}`: {doc}"),
    Kind("SHAPE003", "expected {expected}, found {found}", "The value has the wrong shape.", "{fix}"),
    Kind(
        "SHAPE004",
        "`{value}` is not one of the known values{hint}",
        "Only known values mean something.",
        "use one of: {allowed}",
    ),
    Kind("SHAPE005", "`{value}` does not look right: expected {expected}", "The text has a fixed form.", "{fix}"),
    Kind(
        "SHAPE006",
        "this list must hold at least {least}",
        "An empty list says nothing.",
        "add an entry or remove the key",
    ),
    Kind("SHAPE007", "{value} is out of range: {expected}", "The number has limits.", "use a number within the limits"),
    # COND: conditions
    Kind(
        "COND001",
        "unknown fact `{path}`{hint}",
        "A condition on a missing fact could never be decided.",
        "use a path of the vocabulary",
    ),
    Kind(
        "COND002",
        "unknown operator `{operator}`{hint}",
        "Conditions have a closed set of operators.",
        "use one of: {allowed}",
    ),
    Kind(
        "COND003",
        "`{operator}` cannot be asked of `{path}`, which is {type}",
        "The operator does not fit the type of the fact.",
        "use one of: {allowed}",
    ),
    Kind("COND004", "`{value}` cannot be a value of `{path}`: {reason}", "The comparison could never hold.", "{fix}"),
    Kind(
        "COND005",
        "an empty condition",
        "It is unclear whether it should always or never hold.",
        "write `always: true` or a test",
    ),
    Kind(
        "COND006",
        "a condition is a mapping; found {found}",
        "Conditions are written as `path: value`.",
        "write `path: value`",
    ),
    Kind(
        "COND007",
        "`{path}` and `{other}` cannot be compared: {reason}",
        "Two facts can be compared only when they are of one type and unit.",
        "compare facts of one type and unit",
    ),
    Kind(
        "COND008",
        "`{value}` cannot be compared with `{path}`: {reason}",
        "Units are converted exactly, and only between measures of one thing.",
        "{fix}",
    ),
    Kind(
        "COND009",
        "the {measure} of `{path}` cannot be taken: {reason}",
        "A sum needs numbers, an order needs dates, and what a record without one means must be said.",
        "{fix}",
    ),
    # VOC: the vocabulary and the questions asked with it
    Kind(
        "VOC001",
        "unknown fact `{path}`{hint}",
        "A misspelt fact would be ignored and the answer wrong.",
        "use a path of the vocabulary",
    ),
    Kind("VOC002", "`{path}` is not right: {reason}", "Facts are typed, and an untyped one cannot be judged.", "{fix}"),
    Kind(
        "VOC003",
        "`{path}` may not be presumed",
        "Only exceptional statuses may be presumed absent.",
        "leave `when_untold` out",
    ),
    Kind(
        "VOC005",
        "unknown time zone `{zone}`",
        "The date of the law depends on it.",
        "use an IANA name such as America/New_York",
    ),
    Kind(
        "VOC007",
        "{reason}",
        "Numbers of different units are compared only where the units are known.",
        "use a unit of UCUM such as d, h, mg, kg, [lb_av], Cel, [degF], mg/dL",
    ),
    Kind("VOC008", "`{key}` is not for facts of type `{type}`", "It would be ignored.", "remove it"),
    Kind("VOC006", "unknown state code `{state}`{hint}", "The place selects the law.", "use a USPS code"),
    # ASK: questions
    Kind("ASK001", "a question is a mapping; found {found}", "It has a topic, facts and an instant.", "see the docs"),
    Kind("ASK002", "unknown key `{key}` in the question{hint}", "A misspelt key would be ignored.", "use: {allowed}"),
    Kind("ASK003", "`{key}` is not right: {reason}", "The law asked about depends on it.", "{fix}"),
    Kind(
        "ASK004",
        "`known_at` was asked of a working tree that nobody has released",
        "Known time is the instant of a release; a tree on disk has none.",
        "leave `known_at` out, or ask a release",
    ),
    Kind("ASK005", "unknown gate `{gate}`{hint}", "Gates are declared once.", "use one of: {allowed}"),
    # LAW: rules, values, topics
    Kind("LAW001", "unknown topic `{topic}`{hint}", "Topics are declared once.", "use one of: {allowed}"),
    Kind("LAW002", "no source is named here", "No value or rule without a source.", "add `cite:`"),
    Kind(
        "LAW003",
        "the source `{source}` is not listed under `sources`{hint}",
        "A citation must lead somewhere.",
        "add the source",
    ),
    Kind(
        "LAW004",
        "the rule id `{id}` is used twice (first in {first})",
        "A decision names rules by their ids.",
        "rename one",
    ),
    Kind(
        "LAW005",
        "`{first}` and `{second}` overlap",
        "Two values of one name cannot be in force on one day.",
        "set `until` of the earlier",
    ),
    Kind(
        "LAW006",
        "`{name}` has a gap after {until}",
        "On those days nobody could say what the law is.",
        "add the missing entry, or mark it with `is: null`",
        _WARNING,
    ),
    Kind(
        "LAW007",
        "unknown law value `{name}`{hint}",
        "Law values are declared with their topic.",
        "declare it in the topics file",
    ),
    Kind(
        "LAW008",
        "unknown {kind} `{name}` of topic `{topic}`{hint}",
        "A topic declares what its rules may do.",
        "use one of: {allowed}",
    ),
    Kind(
        "LAW009",
        "a rule id begins with its jurisdiction and topic: expected `{expected}/...`",
        "Path is address.",
        "rename the rule",
    ),
    Kind(
        "LAW010",
        "the period ends before it begins",
        "Such a rule would never be in force.",
        "correct `from` or `until`",
    ),
    Kind(
        "LAW011",
        "`{jurisdiction}` does not match the folder of the file",
        "Path is address.",
        "move the file or correct the key",
    ),
    Kind(
        "LAW012",
        "the topic `{topic}` needs `{name}` and this file does not give it",
        "A common rule stands on it.",
        "add the value",
    ),
    Kind("LAW013", "the case `{name}` names {unknown}", "A case must be answerable.", "correct the case"),
    Kind("LAW014", "the rule `{id}` has no effect", "A rule must do something.", "add `then:`"),
    Kind(
        "LAW015",
        "a clinic's policy may not {effect}",
        "A clinic can only tighten the law.",
        "use forbid, require, limit, advise or review",
    ),
    Kind(
        "LAW016",
        "a `background` source cannot be `{confidence}`",
        "Recollection is low or medium at best.",
        "lower the confidence",
    ),
    Kind(
        "LAW018",
        "the source `{source}` says something else than in an earlier file",
        "One id, one source.",
        "give it the same words everywhere, or another id",
    ),
    Kind(
        "LAW019",
        "the rule `{id}` cannot be leant on: {reason}",
        "`applies` holds while another rule of the same topic does.",
        "name a rule of this topic, of the country, of `common` or of the same jurisdiction",
    ),
    Kind(
        "LAW020",
        "{law} does not let a practice ask more here (`{cap}`), and this asks {asked}",
        "The state caps strictness; the rule still counts, but asking for it may itself be unlawful there.",
        "ask for no more in that state, or leave the rule to the others",
        _WARNING,
    ),
    Kind(
        "LAW021",
        "`{id}` cannot block: {reason}",
        "Only guidance that the law carries may be made to block.",
        "name a rule with `authority: guidance`{hint}",
    ),
    Kind(
        "LAW022",
        "this attestation attests nothing: {reason}",
        "It would make something certain that nobody looked at.",
        "{fix}",
    ),
    Kind(
        "LAW023",
        "`{authority}` cannot permit",
        "Only law opens a path of authority; a payer or a position only asks for more.",
        "use require, limit, advise or forbid",
    ),
    Kind(
        "LAW024",
        "no schedule can be given here: {reason}",
        "A schedule that no drug has would never count.",
        "{fix}",
    ),
    Kind(
        "LAW025",
        "`{name}` ends on {until} and nothing follows",
        "From the next day on the rules that stand on it would be gone without a word.",
        "add what counts then, or give the value `otherwise:` in the topics file",
        _WARNING,
    ),
    Kind(
        "LAW026",
        "`{path}` is no fact that a clinic tells of itself{hint}",
        "What differs from one encounter to the next is told for each of them.",
        "use one of: {allowed}",
    ),
    Kind("LAW017", "the drug `{name}` stands twice", "A name must lead to one drug.", "remove one"),
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
        _WARNING,
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
        _WARNING,
    ),
    Kind(
        "FORM024",
        "no case shows the score `{score}`",
        "A sum that nobody ever checked may be added up wrongly.",
        "add a case that expects it",
        _WARNING,
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
        _WARNING,
    ),
    Kind("CLINIC007", "the id `{id}` stands twice", "People are loaded once, by their ids.", "rename one of them"),
    Kind(
        "CLINIC008",
        "no clinician of the clinic holds a licence in {state}",
        "Nobody could be booked there.",
        "add a licence",
        _WARNING,
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
