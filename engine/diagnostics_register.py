"""Every numbered message there is.

Those of reading, conditions, vocabulary and law are appended here, those of content in `engine.diagnostics_content`. A
number is never used again.
"""

from engine.diagnostics_access import ACCESS
from engine.diagnostics_content import CONTENT
from engine.diagnostics_kinds import WARNING, Kind, Severity

__all__ = ["REGISTER", "Kind", "Severity"]

LAW: tuple[Kind, ...] = (
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
    Kind(
        "READ008",
        "nobody reads this file",
        "What it says would count nowhere: files are found by their folder and their name.",
        "move or rename it: {places}",
    ),
    Kind(
        "READ009",
        "this program failed here, please report it ({error})",
        "Whatever a file says, the program should have said what is wrong with it.",
        "look at what was changed here last, and report this message to the makers of the program",
    ),
    Kind(
        "READ010",
        "the last good version that the data folder kept cannot be used: {why}",
        "While authored files are broken, an installation goes on with the version that was good last.",
        "correct the files named beside this; the next good version is kept anew",
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
    Kind(
        "COND010",
        "`{key}` takes a list of conditions; found {found}",
        "Each entry of the list is a condition of its own.",
        "write each condition under `{key}:` on a line of its own that begins with `- `",
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
    Kind(
        "VOC009",
        "`{path}` can never be presumed so: {reason}",
        "Only exceptional statuses may be presumed absent, never licences, consents, schedules or places.",
        "leave it out of `may_be_presumed` and leave its `when_untold` out",
    ),
    Kind("VOC006", "unknown state code `{state}`{hint}", "The place selects the law.", "use a USPS code"),
    # ASK: questions
    Kind("ASK001", "a question is a mapping; found {found}", "It has a topic, facts and an instant.", "see the docs"),
    Kind("ASK002", "unknown key `{key}` in the question{hint}", "A misspelt key would be ignored.", "use: {allowed}"),
    Kind("ASK003", "`{key}` is not right: {reason}", "The law asked about depends on it.", "{fix}"),
    Kind(
        "ASK004",
        "`known_at` cannot be answered: {reason}",
        "What was known at an instant is what had been released by then; nothing else is put in its place.",
        "leave `known_at` out, or ask about an instant at which a release was in force (`clinic release --list`)",
    ),
    Kind("ASK005", "unknown gate `{gate}`{hint}", "Gates are declared once.", "use one of: {allowed}"),
    Kind(
        "ASK006",
        "`{path}` cannot be in a question: {reason}",
        "Facts are few and short; what is not was not meant as one, or to do harm.",
        "give the facts that the vocabulary declares, each as it is",
    ),
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
        WARNING,
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
        WARNING,
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
        WARNING,
    ),
    Kind(
        "LAW026",
        "`{path}` is no fact that a clinic tells of itself{hint}",
        "What differs from one encounter to the next is told for each of them.",
        "use one of: {allowed}",
    ),
    Kind(
        "LAW027",
        "`{path}` cannot be told by marking a duty as done: {reason}",
        "A clinician states what the clinic did, yes or no; what others tell or measure stays theirs.",
        "name a flag whose source is the provider or the clinic",
    ),
    Kind(
        "LAW028",
        "`{text}` has no words in {language}",
        "A page in that language would show it as it stands here.",
        "add it under `sentences` of the words file of that language",
        WARNING,
    ),
    Kind(
        "LAW029",
        "no rule or topic says `{text}`",
        "Words for a sentence that is gone are read by nobody; a changed sentence needs words of its own.",
        "write the sentence as the law has it, or remove it",
        WARNING,
    ),
    Kind(
        "LAW030",
        "a jurisdiction cannot be without `{name}`{hint}",
        "A rule would be gone without a word; only a law that a place may lack can be left out, and not given as well.",
        "give the value, or use one of: {allowed}",
    ),
    Kind(
        "LAW031",
        "the source `{source}` was checked on {day}, which has not come",
        "Undated law is sure from the day its source was checked.",
        "write the day on which it was read",
    ),
    Kind(
        "LAW032",
        "the case `{name}` does not hold: {told}",
        "A case says what the law means; here the rules say something else.",
        "correct the rule, or the case where it expects too much",
    ),
    Kind(
        "LAW033",
        "the example `{name}` cannot be started from: {reason}",
        "Cases start from examples, and those from one another.",
        "name another example under `from`, or none",
    ),
    Kind(
        "LAW034",
        "the list `{key}` of the duty's `detail` and the one that meets it differ: {names}",
        "What a patient is asked for and what is enough are one list.",
        "write the same words in both",
    ),
    Kind(
        "LAW035",
        "the file does not say `{key}`",
        "Nobody can tell how old this law is; the report counts it as due.",
        "add `checked:`, the day on which it was compared with its sources, and `review_by:`",
        WARNING,
    ),
    Kind(
        "LAW036",
        "the file was checked on {day}, which has not come",
        "Nobody has read a source on a day to come.",
        "write the day on which it was read",
    ),
    Kind(
        "LAW037",
        "`review_by` is {day}, which does not go with a check on {checked}",
        "What is less sure is read again sooner (high in 12 months, medium in 6, low in 3), and what ends, by then.",
        "write a day from {checked} to {latest}; where an entry of the file ends on that last day, and what follows it "
        "was compared with its sources, move `checked` beyond it first",
        WARNING,
    ),
    Kind(
        "LAW038",
        "the file was to be read again by {day}",
        "Law changes; what nobody has compared with its sources for long may be wrong.",
        "compare it with its sources, then correct `checked` and `review_by`",
        WARNING,
    ),
    Kind(
        "LAW039",
        "the rule cannot be like `{id}`: {reason}",
        "A rule that follows another one has its condition and effects, with law values of its own put in.",
        "name a common rule of the topic that stands on these values",
    ),
    Kind(
        "LAW045",
        "the log of releases is not as it was written: {reason}",
        "Each line names the one before it, so that nobody can change what was known at an instant.",
        "put back `rules/releases.jsonl` and `rules/released` as they were; only `clinic release` writes them",
    ),
    Kind(
        "LAW046",
        "release {number} cannot be read: {reason}",
        "What was known then can only be answered from the texts that were released.",
        "put back `rules/released` as it was, or ask the program that made the release",
    ),
    Kind("LAW017", "the drug `{name}` stands twice", "A name must lead to one drug.", "remove one"),
)
REGISTER: tuple[Kind, ...] = (*LAW, *CONTENT, *ACCESS)
