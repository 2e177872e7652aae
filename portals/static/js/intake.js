// Which question comes next, and does an answer need help at once? The browser's copy of engine/forms_walk.py.
//
// `form` is the JSON of engine/forms_browser.py, `answers` an object of item id to value (null: left blank on purpose).
// Truths are true, false and null (unknown). The server decides again with every answer it saves; tests hold both
// sides together over generated walks.

/** The items these answers show, in order. */
export function shownItems(form, answers) {
  return walk(form, answers).shown;
}

/** The first shown item without an answer, or null when every shown item has one. */
export function nextItem(form, answers) {
  const seen = walk(form, answers);
  return seen.shown.find((item) => isOpen(item, answers, seen.facts)) ?? null;
}

/** The shown items that still need an answer before the form can be sent. */
export function missingItems(form, answers) {
  const seen = walk(form, answers);
  return seen.shown.filter(
    (item) => item.type !== "info" && isBlank(answers, item) && isRequired(item, seen.facts),
  );
}

/** How far along: pages answered, most likely remaining, percent, seconds left. */
export function progress(form, answers) {
  const seen = walk(form, answers);
  const left = seen.shown.filter((item) => isOpen(item, answers, seen.facts));
  const answered = seen.shown.length - left.length;
  const remaining = left.length + Math.floor((seen.undecided.length + 1) / 2);
  const secondsLeft = sum(left) + Math.floor(sum(seen.undecided) / 2);
  const percent = remaining ? Math.floor((100 * answered) / (answered + remaining)) : 100;
  return { answered, remaining, percent, secondsLeft };
}

/** The red flags these answers raise, emergencies first. An answer that cannot be read raises the flag too. */
export function redFlags(form, answers) {
  const { facts, shown } = walk(form, answers);
  const unreadable = new Set(
    shown.filter((item) => has(answers, item.id) && !has(facts, item.path)).map((item) => item.id),
  );
  const raised = form.flags.filter((flag) => {
    const truth = holds(flag.when, facts);
    return truth || (truth === null && flag.needs.some((id) => unreadable.has(id)));
  });
  return [...raised.filter(isEmergency), ...raised.filter((flag) => !isEmergency(flag))];
}

/** Every score of the form: its sum and band, null until each of its items is shown and answered. */
export function scores(form, answers) {
  const { facts } = walk(form, answers);
  return form.scores.map(({ id, path, bandPath }) => ({
    id,
    total: facts[path] ?? null,
    band: facts[bandPath] ?? null,
  }));
}

/** Whether a condition holds for these facts (path to value): true, false, or null for unknown. */
export function holds(condition, facts) {
  if ("always" in condition) return condition.always;
  if ("every" in condition) return together(condition.every, facts, false);
  if ("some" in condition) return together(condition.some, facts, true);
  if ("not" in condition) return negated(holds(condition.not, facts));
  return test(condition, facts);
}

function walk(form, answers) {
  const facts = {};
  const shown = [];
  const undecided = [];
  const open = new Set();
  for (const item of form.items) {
    const truth = item.showWhen ? holds(item.showWhen, facts) : true;
    if (truth) {
      shown.push(item);
      if (!has(answers, item.id)) open.add(item.id);
      const fact = factOf(item, given(answers, item.id));
      if (fact !== undefined) facts[item.path] = fact;
      for (const score of form.scores) {
        if (score.last === item.id) tellScore(score, facts);
      }
    } else if (truth === null && item.needs.some((id) => open.has(id))) {
      undecided.push(item);
      open.add(item.id);
    }
  }
  return { shown, undecided, facts };
}

function tellScore(score, facts) {
  if (!score.weights.every(({ path }) => has(facts, path))) return;
  const total = score.weights.reduce((all, { path, of }) => all + of[facts[path]], 0);
  const band = score.bands.findLast(({ least }) => least <= total);
  facts[score.path] = total;
  if (band) facts[score.bandPath] = band.id;
}

const READERS = {
  boolean: (item, value) => (typeof value === "boolean" ? value : undefined),
  choice: (item, value) => (isChoice(item, value) ? value : undefined),
  multi_choice: (item, value) =>
    Array.isArray(value) && value.every((part) => isChoice(item, part)) ? value : undefined,
  integer: (item, value) => number(value),
  decimal: (item, value) => number(value),
  scale: (item, value) => number(value),
  text: (item, value) => (typeof value === "string" && value && [...value].length <= 4000 ? value : undefined),
  date: (item, value) => (isDay(value) ? value : undefined),
  photo: () => undefined,
  info: () => undefined,
};

function factOf(item, value) {
  return value === null || value === undefined ? undefined : READERS[item.type](item, value);
}

function isChoice(item, value) {
  return typeof value === "string" && item.choices.some((choice) => choice.id === value);
}

function number(value) {
  return typeof value === "number" && Math.abs(value) <= 1e12 ? toMillionths(value) : undefined;
}

/** Six decimals; what lies exactly between two goes to the even one, as on the server (IEEE 754 half to even). */
function toMillionths(value) {
  const [whole, decimals] = Math.abs(value).toFixed(60).split(".");
  const isTie = /^50*$/.test(decimals.slice(6));
  if (!isTie || Number(decimals[5]) % 2 === 1) return Number(value.toFixed(6));
  return Math.sign(value) * Number(`${whole}.${decimals.slice(0, 6)}`);
}

function isDay(value) {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(value) || value < "0001") return false;
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
}

function together(parts, facts, decisive) {
  let answer = !decisive;
  for (const part of parts) {
    const truth = holds(part, facts);
    if (truth === decisive) return decisive;
    if (truth === null) answer = null;
  }
  return answer;
}

function negated(truth) {
  return truth === null ? null : !truth;
}

const COMPARE = {
  is: (a, b) => a === b,
  in: (a, b) => b.includes(a),
  less: (a, b) => a < b,
  at_most: (a, b) => a <= b,
  greater: (a, b) => a > b,
  at_least: (a, b) => a >= b,
  before: (a, b) => a < b,
  on_or_before: (a, b) => a <= b,
  after: (a, b) => a > b,
  on_or_after: (a, b) => a >= b,
  has: (a, b) => a.includes(b),
  has_any: (a, b) => b.some((part) => a.includes(part)),
  has_all: (a, b) => b.every((part) => a.includes(part)),
};

function test(condition, facts) {
  const told = has(facts, condition.path);
  if (condition.op === "told") return told;
  if (!told) return null;
  const value = facts[condition.path];
  if (condition.op === "exists") return !(Array.isArray(value) && value.length === 0);
  if (!condition.fact) return COMPARE[condition.op](value, condition.value);
  if (!has(facts, condition.fact.path)) return null;
  return COMPARE[condition.op](value, moved(facts[condition.fact.path], condition.fact));
}

/** A day moved by whole months (the last day of a shorter month at most) and days; anything else stays as it is. */
function moved(value, by) {
  if (!by.months && !by.days) return value;
  const [year, month, day] = value.split("-").map(Number);
  const months = year * 12 + month - 1 + by.months;
  if (months < 12 || months >= 120000) return by.months < 0 ? "0001-01-01" : "9999-12-31";
  const lastDay = utc(Math.floor(months / 12), (months % 12) + 1, 0).getUTCDate();
  const shifted = utc(Math.floor(months / 12), months % 12, Math.min(day, lastDay) + by.days);
  if (shifted.getUTCFullYear() < 1) return "0001-01-01";
  if (shifted.getUTCFullYear() > 9999) return "9999-12-31";
  return shifted.toISOString().slice(0, 10);
}

function utc(year, monthIndex, day) {
  const date = new Date(Date.UTC(2000, 0, 1));
  date.setUTCFullYear(year, monthIndex, day);
  return date;
}

function isRequired(item, facts) {
  return item.requiredWhen ? holds(item.requiredWhen, facts) === true : !item.optional;
}

function isBlank(answers, item) {
  return given(answers, item.id) === null || given(answers, item.id) === undefined;
}

function isOpen(item, answers, facts) {
  if (!has(answers, item.id)) return true;
  if (given(answers, item.id) === null) return item.type !== "info" && isRequired(item, facts);
  return missingShots(item, answers).length > 0;
}

/** The photos of the site that are still to be taken. */
function missingShots(item, answers) {
  const answer = given(answers, item.id);
  const taken = answer && typeof answer === "object" && !Array.isArray(answer) ? answer : {};
  const site = given(answers, item.by);
  return (item.shots ?? []).filter(
    ({ id, sites, optional }) => !optional && (!sites.length || sites.includes(site)) && !has(taken, id),
  );
}

function isEmergency(flag) {
  return flag.severity === "emergency";
}

function sum(items) {
  return items.reduce((seconds, item) => seconds + item.seconds, 0);
}

/** An answer of the patient's, never what every object inherits. */
function given(answers, id) {
  return has(answers, id) ? answers[id] : undefined;
}

function has(object, key) {
  return Object.hasOwn(object, key);
}
