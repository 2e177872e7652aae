// Draws pictures of skin with and without something of known size, and counts how often the photo gate is wrong.
//
// Everything is drawn in millimetres and seen through a camera that is near or far, turned and tilted, in good or bad
// light. The same seed draws the same pictures.

const [WIDE, HIGH] = [768, 576];
const SKIN = [[236, 200, 178], [222, 178, 150], [198, 150, 118], [160, 112, 82], [112, 76, 56], [78, 54, 42]];

function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Smooth noise between -1 and 1, the same again every 256. */
function noise(seed) {
  const roll = dice(seed);
  const at = Float32Array.from({ length: 65536 }, () => roll() * 2 - 1);
  return (x, y) => {
    const [a, b] = [Math.floor(x), Math.floor(y)];
    const [s, t] = [x - a, y - b];
    const u = s * s * (3 - 2 * s);
    const one = (b & 255) << 8;
    const two = ((b + 1) & 255) << 8;
    const top = at[one | (a & 255)] * (1 - u) + at[one | ((a + 1) & 255)] * u;
    return top + (at[two | (a & 255)] * (1 - u) + at[two | ((a + 1) & 255)] * u - top) * t * t * (3 - 2 * t);
  };
}

const mix = (one, other, part) => [0, 1, 2].map((at) => one[at] * (1 - part) + other[at] * part);
const soft = (far, edge) => Math.min(1, Math.max(0, 0.5 - far / edge));
const pick = (roll, list) => list[Math.floor(roll() * list.length)];
const between = (roll, least, most) => least + roll() * (most - least);

function skin(roll) {
  const [tone, rough] = [pick(roll, SKIN), between(roll, 1, 4)];
  const [wide, pores, fine] = [noise(roll() * 1e6), noise(roll() * 1e6), noise(roll() * 1e6)];
  return (x, y) => {
    const light = 1 + 0.06 * wide(x / 40, y / 40) + (rough / 100) * (pores(x / 2, y / 2) + fine(x * 1.7, y * 1.7));
    return tone.map((value) => value * light);
  };
}

/** A mole or spot: dark, soft at its edge, round or not. */
function mole(roll, round) {
  const [cx, cy, r] = [between(roll, -45, 45), between(roll, -30, 30), between(roll, 1.5, round ? 9 : 6)];
  const [uneven, edge] = [round ? 0.03 : between(roll, 0.08, 0.3), between(roll, 0.3, 2)];
  const [waves, phase, part] = [2 + Math.floor(roll() * 4), roll() * 6, between(roll, 0.35, 0.75)];
  const [colour, spots] = [[70, 42, 30], noise(roll() * 1e6)];
  return (x, y, under) => {
    const [dx, dy] = [x - cx, y - cy];
    if (Math.abs(dx) > 16 || Math.abs(dy) > 16) return under;
    const far = Math.hypot(dx, dy) - r * (1 + uneven * Math.sin(waves * Math.atan2(dy, dx) + phase));
    return far > 3 ? under : mix(under, colour, soft(far, edge) * part * (1 + 0.15 * spots(x, y)));
  };
}

function hairs(roll, count) {
  const lines = Array.from({ length: count }, () => ({
    x: between(roll, -60, 60), y: between(roll, -45, 45), turn: roll() * 3.14, bend: between(roll, -0.02, 0.02), long: between(roll, 5, 18),
  })).map((line) => ({ ...line, cos: Math.cos(line.turn), sin: Math.sin(line.turn) }));
  return (x, y, under) => {
    for (let at = 0; at < lines.length; at += 1) {
      const { x: cx, y: cy, cos, sin, bend, long } = lines[at];
      const along = (x - cx) * cos + (y - cy) * sin;
      if (along > long || along < -long) continue;
      const across = (y - cy) * cos - (x - cx) * sin - bend * along * along;
      if (across < 0.15 && across > -0.15) return mix(under, [45, 32, 26], 0.7);
    }
    return under;
  };
}

/** A coin with a rim, relief and a shadow. */
function coin(roll, metal) {
  const [cx, cy, r] = [between(roll, -25, 25), between(roll, -16, 16), between(roll, 8.9, 12.2)];
  const base = metal ?? pick(roll, [[186, 186, 184], [168, 170, 172], [205, 203, 198], [150, 98, 66], [186, 132, 92]]);
  const [relief, wear, glare] = [noise(roll() * 1e6), between(roll, 0.06, 0.25), roll() * 6];
  const letters = 20 + Math.floor(roll() * 15);
  return (x, y, under) => {
    const [dx, dy] = [x - cx, y - cy];
    if (Math.abs(dx) > 16 || Math.abs(dy) > 16) return under;
    const far = Math.hypot(dx, dy) / r;
    const shade = soft(Math.hypot(dx - 0.7, dy - 0.7) - r, 1.6) * 0.45;
    if (far > 1) return mix(under, [0, 0, 0], shade);
    const angle = Math.atan2(dy, dx);
    let light = 1 + 0.12 * Math.cos(angle - glare) * far + wear * relief(dx * 0.9, dy * 0.9) + 0.5 * wear * relief(dx * 2.3 + 9, dy * 2.3);
    if (far > 0.93) light += 0.16 * Math.cos(angle - glare) + 0.08;
    if (far > 0.74 && far < 0.87) light -= wear * (Math.sin(angle * letters) > 0 ? 0.8 : 0);
    return base.map((value) => value * light);
  };
}

/** A ruler: millimetre marks, longer every 5 and 10, on white, steel, yellow, or see-through. */
function ruler(roll) {
  const [cy, wide] = [between(roll, -18, 18), between(roll, 12, 28)];
  const [body, marks] = pick(roll, [[[238, 238, 234], [25, 25, 25]], [[176, 178, 180], [50, 50, 52]], [[232, 200, 70], [20, 20, 20]], [null, [30, 30, 34]]]);
  const [thick, from, turn] = [between(roll, 0.14, 0.26), between(roll, -70, -40), between(roll, -1.5, 1.5)];
  return (x0, y0, under) => {
    const [x, y] = [x0 * Math.cos(turn) + y0 * Math.sin(turn), -x0 * Math.sin(turn) + y0 * Math.cos(turn)];
    const [along, across] = [x - from, y - cy];
    if (along < 0 || along > 150 || Math.abs(across) > wide / 2) return under;
    const ground = body ?? mix(under, [230, 232, 235], 0.25);
    const mark = Math.round(along);
    const long = mark % 10 === 0 ? 7 : mark % 5 === 0 ? 5.2 : 3.4;
    if (across < -wide / 2 + long && Math.abs(along - mark) < thick / 2) return marks;
    const digit = Math.abs((along % 10) - 1.6) < 0.9 && Math.abs(across + wide / 2 - 8.5) < 1.3;
    return digit && Math.sin(along * 9 + mark) > 0 ? marks : ground;
  };
}

/** Striped or knitted fabric, beside the skin or all over. */
function fabric(roll, part) {
  const [gap, turn, edge] = [between(roll, 0.9, 3), roll() * 3.14, part ? between(roll, 0, 25) : -99];
  const [one, other] = [[90, 100, 140], [190, 190, 200]];
  return (x, y, under) => {
    if (x < edge) return under;
    const along = x * Math.cos(turn) + y * Math.sin(turn);
    return Math.sin((along * 6.283) / gap) > 0 ? one : other;
  };
}

const SCENES = {
  coin: (roll) => [mole(roll, roll() < 0.5), hairs(roll, 12), coin(roll)],
  ruler: (roll) => [mole(roll, roll() < 0.5), hairs(roll, 12), ruler(roll)],
  moles: (roll) => [mole(roll, false), mole(roll, false), mole(roll, true), hairs(roll, 20)],
  round_mole: (roll) => [mole(roll, true), mole(roll, true), hairs(roll, 4)],
  hairy: (roll) => [hairs(roll, 40), mole(roll, true)],
  bare: () => [],
  shirt: (roll) => [mole(roll, true), fabric(roll, true)],
  cloth: (roll) => [fabric(roll, false)],
};
const VIEWS = {
  usual: (roll) => ({ mm: between(roll, 100, 190), tilt: between(roll, 0.94, 1), light: between(roll, 0.75, 1.1), grain: 3 }),
  tilted: (roll) => ({ mm: between(roll, 100, 190), tilt: between(roll, 0.78, 0.9), light: between(roll, 0.75, 1.1), grain: 3 }),
  dark: (roll) => ({ mm: between(roll, 100, 190), tilt: between(roll, 0.94, 1), light: between(roll, 0.22, 0.4), grain: 5 }),
  far: (roll) => ({ mm: between(roll, 620, 700), tilt: 1, light: 1, grain: 3 }),
  near: (roll) => ({ mm: between(roll, 36, 40), tilt: 1, light: 1, grain: 3, onto: true }),
};

/** One picture: RGBA as a canvas has it. */
export function picture(scene, view, seed) {
  const roll = dice(seed);
  const [ground, things, camera] = [skin(roll), SCENES[scene](roll), VIEWS[view](roll)];
  const [turn, steep, slope, hum] = [roll() * 6.283, roll() * 6.283, between(roll, 0, 0.25), dice(seed + 7)];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const data = new Uint8ClampedArray(4 * WIDE * HIGH);
  const colour = (x, y) => things.reduce((under, thing) => thing(x, y, under), ground(x, y));
  for (let row = 0; row < HIGH; row += 1) {
    for (let column = 0; column < WIDE; column += 1) {
      const [u, v] = [((column - WIDE / 2) / WIDE) * camera.mm, ((row - HIGH / 2) / WIDE) * (camera.mm / camera.tilt)];
      const rgb = colour(u * cos - v * sin, u * sin + v * cos);
      const fall = 1 + slope * (Math.cos(steep) * (column / WIDE - 0.5) + Math.sin(steep) * (row / HIGH - 0.5));
      const at = 4 * (row * WIDE + column);
      const grain = (hum() + hum() - 1) * camera.grain;
      for (let part = 0; part < 3; part += 1) data[at + part] = rgb[part] * camera.light * fall + grain;
      data[at + 3] = 255;
    }
  }
  return { data, width: WIDE, height: HIGH };
}

/** How often each answer was given to `count` pictures of each [scene, view]: { "coin usual": { coin: 9, unsure: 1 } }. */
export function counted(scaleIn, kinds, count, first = 1) {
  const told = {};
  for (const [scene, view] of kinds) {
    const answers = (told[`${scene} ${view}`] = {});
    for (let seed = first; seed < first + count; seed += 1) {
      const { seen } = scaleIn(picture(scene, view, seed * 7919));
      answers[seen] = (answers[seen] ?? 0) + 1;
    }
  }
  return told;
}
