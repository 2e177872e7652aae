// Can sizes be read off a photo? Looks for the round edge of a coin, or a ruler's regular marks, in its pixels alone.
//
// `scaleIn` answers { seen, share }. `seen` is one of
//   coin    a round edge around something that is no skin by its colour or its relief; `share` is its diameter
//   ruler   evenly spaced short marks in a band; `share` is the band's length
//   far     a coin, too small in the picture to measure by      near   a coin that fills the picture
//   unsure  nothing that this script can be sure of: a round mole looks like a coin, and a worn coin like skin
// and `share` is a part (0 to 1) of the picture's longer side. It never says that there is no scale: it looks at shapes,
// knows no coin from another, and a button is a coin to it. How often it errs is measured in the tests.

export const SCALED_AT = 1024; // the longer side at which marks are looked for; coins are looked for at a third of it
const [FAR, NEAR] = [0.045, 0.5];
const TURN = 2 * Math.PI;

/** What of known size is seen in the pixels: RGBA of `width` by `height`, about SCALED_AT on the longer side. */
export function scaleIn({ data, width, height }) {
  const ruler = rulerIn({ data, width, height }); // first: what is printed on one may look round
  if (ruler) return { seen: "ruler", share: ruler.share };
  const coin = coinIn({ data, width, height });
  if (!coin) return { seen: "unsure", share: 0 };
  return { seen: coin.share < FAR ? "far" : coin.share > NEAR ? "near" : "coin", share: coin.share };
}

// --- a coin ---

const LONGER = 340;
const BANDS = [[6, 10], [10, 17], [17, 29], [29, 50], [50, 90]]; // radii that are looked for together
const ANGLES = 72;
const TILTS = [1, 0.93, 0.86, 0.78]; // how round a coin looks that lies aslant

/** The roundest edge around something that is no mere skin, with its `share`; null when there is none. */
export function coinIn(picture) {
  const coin = roundThings(picture).find((one) => one.round > ROUND && isMetal(one));
  return coin ?? null;
}

/** Round edges, the roundest first, and what is inside them. */
export function roundThings(picture) {
  const small = shrunk(picture, Math.max(1, Math.round(Math.max(picture.width, picture.height) / LONGER)));
  const slopes = slopesOf(blurred(small));
  const longer = Math.max(small.width, small.height);
  const found = circles(slopes).map((one) => ({ ...one, ...inside(small, slopes, one), share: (2 * one.r) / longer }));
  return found.sort((a, b) => b.round - a.round);
}

const ROUND = 0.9;

/** Metal has relief, and less colour than skin or more light; a mole has more colour and less light. */
function isMetal({ r, paler, relief, lighter }) {
  return (relief > 0.6 && r > 9) || (relief > 0.12 && (paler > 4 || lighter > 0.06));
}

/** The picture brought down by a whole factor: its grey values, and how much of a colour each has. */
function shrunk({ data, width, height }, by) {
  const [w, h] = [Math.floor(width / by), Math.floor(height / by)];
  const [grey, red, blue] = [new Float32Array(w * h), new Float32Array(w * h), new Float32Array(w * h)];
  for (let y = 0; y < h * by; y += 1) {
    for (let x = 0; x < w * by; x += 1) {
      const [from, to] = [4 * (y * width + x), Math.floor(y / by) * w + Math.floor(x / by)];
      const [r, g, b] = [data[from], data[from + 1], data[from + 2]];
      grey[to] += 0.299 * r + 0.587 * g + 0.114 * b;
      red[to] += r;
      blue[to] += b;
    }
  }
  const chroma = red; // red over blue, as skin has it and silver does not, in parts of the light there is
  for (let at = 0; at < grey.length; at += 1) {
    chroma[at] = (100 * (red[at] - blue[at])) / (grey[at] + by * by);
    grey[at] /= by * by;
  }
  return { grey, chroma, width: w, height: h };
}

function blurred({ grey, width, height }) {
  const soft = new Float32Array(grey);
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      const sides = grey[at - 1] + grey[at + 1] + grey[at - width] + grey[at + width];
      const corners = grey[at - width - 1] + grey[at - width + 1] + grey[at + width - 1] + grey[at + width + 1];
      soft[at] = (4 * grey[at] + 2 * sides + corners) / 16;
    }
  }
  return { grey: soft, width, height };
}

/** How steeply the light changes at each point, and which way; `least` is what counts as an edge. */
function slopesOf({ grey, width, height }) {
  const [dx, dy, steep] = [new Float32Array(grey.length), new Float32Array(grey.length), new Float32Array(grey.length)];
  let sum = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      dx[at] = (grey[at + 1] - grey[at - 1]) / 2;
      dy[at] = (grey[at + width] - grey[at - width]) / 2;
      steep[at] = Math.hypot(dx[at], dy[at]);
      sum += steep[at];
    }
  }
  return { dx, dy, steep, width, height, least: Math.max(1.2, (1.6 * sum) / grey.length) };
}

/** Candidates: every edge votes for the centres that it could be the rim around (Hough), band of radii by band. */
function circles(slopes) {
  const found = [];
  for (const [from, to] of BANDS) {
    if (to * 1.2 > Math.min(slopes.width, slopes.height)) break;
    for (const [x, y] of peaks(votes(slopes, from, to), slopes, from)) found.push(bestRim(slopes, x, y, from, to));
  }
  return found;
}

function votes({ dx, dy, steep, width, height, least }, from, to) {
  const count = new Float32Array(width * height);
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      if (steep[at] < least) continue;
      const [ux, uy] = [dx[at] / steep[at], dy[at] / steep[at]];
      for (let r = from; r <= to; r += 1) {
        for (const side of [-r, r]) {
          const [cx, cy] = [Math.round(x + side * ux), Math.round(y + side * uy)];
          if (cx >= 0 && cy >= 0 && cx < width && cy < height) count[cy * width + cx] += 1 / r;
        }
      }
    }
  }
  return count;
}

/** The places with the most votes, a few of them, apart from each other. */
function peaks(count, { width, height }, apart) {
  const soft = blurred(blurred({ grey: count, width, height })).grey;
  const found = [];
  for (let round = 0; round < 5; round += 1) {
    let best = 0;
    for (let at = 1; at < soft.length; at += 1) if (soft[at] > soft[best]) best = at;
    const [x, y] = [best % width, Math.floor(best / width)];
    found.push([x, y]);
    for (let b = Math.max(0, y - apart); b < Math.min(height, y + apart); b += 1) {
      soft.fill(0, b * width + Math.max(0, x - apart), b * width + Math.min(width, x + apart));
    }
  }
  return found;
}

const WORTHWHILE = 0.4; // less of a ring is not looked at again, aslant

/** The ring about a place along which the most of the way is an edge that faces the middle. */
function bestRim(slopes, x, y, from, to) {
  let best = { x, y, r: from, tilt: 1, turn: 0, round: 0 };
  const consider = (one) => {
    const round = rim(slopes, one);
    if (round > best.round) best = { ...one, round };
  };
  for (const tilt of TILTS) {
    if (tilt < 1 && best.round < WORTHWHILE) break;
    for (let turn = 0; turn < (tilt === 1 ? 1 : 6); turn += 1) {
      for (let r = from; r <= to * 1.1; r += 1) consider({ x, y, r, tilt, turn: (turn * Math.PI) / 6 });
    }
  }
  for (const step of [2, 1]) {
    const { x: cx, y: cy, r, tilt, turn } = best;
    for (let b = -step; b <= step; b += step) {
      for (let a = -step; a <= step; a += step) {
        for (let more = -1; more <= 1; more += 1) consider({ x: cx + a, y: cy + b, r: r + more, tilt, turn });
      }
    }
  }
  return best;
}

/** Which part of the ring is an edge, 0 to 1, with a little play. */
function rim({ dx, dy, steep, width, height, least }, { x, y, r, tilt, turn }) {
  const [cos, sin, play] = [Math.cos(turn), Math.sin(turn), r < 12 ? 0 : 1];
  let hits = 0;
  for (let step = 0; step < ANGLES; step += 1) {
    const angle = (TURN * step) / ANGLES;
    const [a, b] = [Math.cos(angle), Math.sin(angle)];
    const [nx, ny] = normal(a * tilt, b, cos, sin);
    for (let off = -play; off <= play; off += 1) {
      const [u, v] = [(r + off) * a, (r + off) * tilt * b];
      const [px, py] = [Math.round(x + u * cos - v * sin), Math.round(y + u * sin + v * cos)];
      if (px < 1 || py < 1 || px >= width - 1 || py >= height - 1) continue;
      const at = py * width + px;
      if (steep[at] >= least && Math.abs(dx[at] * nx + dy[at] * ny) > 0.85 * steep[at]) {
        hits += 1;
        break;
      }
    }
  }
  return hits / ANGLES;
}

function normal(u, v, cos, sin) {
  const long = Math.hypot(u, v) || 1;
  return [(u * cos - v * sin) / long, (u * sin + v * cos) / long];
}

/** What is inside a ring, beside what is around it: less colour, more relief, less light. */
function inside({ grey, chroma, width, height }, { steep, least }, { x, y, r }) {
  const [inner, outer] = [mean3(), mean3()];
  const reach = Math.ceil(1.7 * r);
  for (let b = Math.max(1, y - reach); b < Math.min(height - 1, y + reach); b += 1) {
    for (let a = Math.max(1, x - reach); a < Math.min(width - 1, x + reach); a += 1) {
      const [at, far] = [b * width + a, Math.hypot(a - x, b - y) / r];
      const zone = far < 0.65 ? inner : far > 1.25 && far < 1.7 ? outer : null;
      zone?.add(grey[at], chroma[at], steep[at] >= least ? 1 : 0);
    }
  }
  const [[light, tint, edges], [around, skin, rough]] = [inner.told(), outer.told()];
  return { paler: skin - tint, relief: edges - rough, lighter: (light - around) / Math.max(light, around, 1) };
}

function mean3() {
  const sums = [0, 0, 0];
  let count = 0;
  return {
    add: (...values) => { values.forEach((value, at) => { sums[at] += value; }); count += 1; },
    told: () => sums.map((sum) => (count ? sum / count : 0)),
  };
}

// --- a ruler ---

const [WINDOW, HOP, ACROSS] = [128, 64, 5];
const [FEWEST, MOST] = [5, 45]; // how many marks a window may have
const [EVEN, CONTRAST] = [0.5, 3];

/** A band of evenly spaced marks: { share, apart }, `apart` in points; null when there is none. */
export function rulerIn(picture) {
  const grey = shrunk(picture, 1);
  for (const turn of directions(slopesOf(blurred(blurred(grey))))) {
    const found = band(grey, turn);
    if (found) return found;
  }
  return null;
}

/** The ways in which light changes the most often: along a ruler, across it, and along whatever else there is. */
function directions({ dx, dy, steep, least }) {
  const bins = new Float32Array(60);
  for (let at = 0; at < steep.length; at += 1) {
    if (steep[at] < least) continue;
    const turn = (Math.atan2(dy[at], dx[at]) + TURN) % Math.PI;
    bins[Math.floor((turn / Math.PI) * bins.length) % bins.length] += steep[at];
  }
  const found = [];
  for (const bin of [...bins.keys()].sort((a, b) => bins[b] - bins[a])) {
    const isApart = found.every((other) => Math.min(Math.abs(bin - other), bins.length - Math.abs(bin - other)) > 3);
    if (isApart && found.length < 3) found.push(bin);
  }
  return found.map((bin) => ((bin + 0.5) * Math.PI) / bins.length);
}

/** Even marks in one direction: in neighbouring strips and windows, and not all over, as in a fabric. */
function band(picture, turn) {
  const longer = Math.max(picture.width, picture.height);
  const reach = Math.ceil(Math.hypot(picture.width, picture.height) / 2);
  const rows = [];
  for (let off = -reach; off < reach; off += ACROSS) rows.push(evenIn(strip(picture, turn, off, reach)));
  const windows = rows.flat().filter((apart) => apart !== null);
  const best = longestRun(rows);
  if (best < 4 || windows.filter(Boolean).length > 0.35 * windows.length) return null;
  return { share: Math.min(1, ((best + 1) * HOP) / longer) };
}

/** The most windows in a row with the same marks, in two strips at least; a run may slip to the strip beside it. */
function longestRun(rows) {
  let [best, after] = [0, rows.map(() => 0)];
  for (let window = rows[0].length - 1; window >= 0; window -= 1) {
    const column = rows.map((row) => row[window]);
    const next = rows.map((row) => row[window + 1]);
    after = column.map((apart, at) => {
      if (!apart || !(isLike(column[at - 1], apart) || isLike(column[at + 1], apart))) return 0;
      const on = [at - 1, at, at + 1].filter((other) => isLike(next[other], apart)).map((other) => after[other]);
      return 1 + Math.max(0, ...on);
    });
    best = Math.max(best, ...after);
  }
  return best;
}

const isLike = (one, other) => Boolean(one) && Math.abs(one - other) <= 0.08 * other;

/** The light along a line through the picture, a few points wide; NaN outside. */
function strip({ grey, width, height }, turn, off, reach) {
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const line = new Float32Array(2 * reach);
  for (let along = -reach; along < reach; along += 1) {
    let sum = 0;
    for (let wide = 0; wide < ACROSS; wide += 1) {
      const x = Math.round(width / 2 + along * cos - (off + wide) * sin);
      const y = Math.round(height / 2 + along * sin + (off + wide) * cos);
      sum += x >= 0 && y >= 0 && x < width && y < height ? grey[y * width + x] : NaN;
    }
    line[along + reach] = sum / ACROSS;
  }
  return line;
}

/** For each window of a line: how far apart its marks are, 0 when they are not even, null outside of the picture. */
function evenIn(line) {
  const found = [];
  for (let from = 0; from + WINDOW <= line.length; from += HOP) found.push(evenness(line.subarray(from, from + WINDOW)));
  return found;
}

function evenness(part) {
  const flat = flattened(part);
  let power = 0;
  for (const value of flat) power += value * value;
  if (Number.isNaN(power)) return null;
  if (power / flat.length < CONTRAST ** 2) return 0;
  const waves = powers(flat);
  let [best, all] = [FEWEST, 0];
  for (let count = FEWEST - 1; count < waves.length; count += 1) {
    all += waves[count];
    if (count >= FEWEST && count <= MOST && waves[count] > waves[best]) best = count;
  }
  const [before, at, after] = [waves[best - 1], waves[best], waves[best + 1]];
  let regular = before + at + after;
  for (const times of [2, 3]) regular += waves[times * best - 1] + waves[times * best] + waves[times * best + 1] || 0;
  return regular > EVEN * all ? WINDOW / (best + (after - before) / (before + at + after)) : 0;
}

const WAVES = Array.from({ length: WINDOW / 2 }, (_, count) => {
  const angles = Array.from({ length: WINDOW }, (__, at) => (TURN * count * at) / WINDOW);
  const fade = (at) => 0.5 - 0.5 * Math.cos((TURN * (at + 0.5)) / WINDOW);
  return [Float32Array.from(angles, (angle, at) => fade(at) * Math.cos(angle)), Float32Array.from(angles, (angle, at) => fade(at) * Math.sin(angle))];
});

/** How much of the light goes up and down so many times in the window. */
function powers(flat) {
  return WAVES.map(([cos, sin]) => {
    let [a, b] = [0, 0];
    for (let at = 0; at < flat.length; at += 1) {
      a += flat[at] * cos[at];
      b += flat[at] * sin[at];
    }
    return a * a + b * b;
  });
}

/** A window without its slow changes of light. */
function flattened(part) {
  const [flat, half] = [new Float32Array(part.length), 8];
  for (let at = 0; at < part.length; at += 1) {
    let [sum, count] = [0, 0];
    for (let near = Math.max(0, at - half); near <= Math.min(part.length - 1, at + half); near += 1) {
      sum += part[near];
      count += 1;
    }
    flat[at] = part[at] - sum / count;
  }
  return flat;
}
