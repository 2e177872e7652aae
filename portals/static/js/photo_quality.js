// How good is a photo? Size in pixels, light and sharpness, out of its pixels alone; nothing leaves the browser.
//
// `limits` are the form's: { pixels, sharp, dark, bright } (engine/photos.py). A verdict is one of good, small, tooDark,
// tooBright, blurred: the first that applies, in the order in which a patient can mend it.

export const MEASURED_AT = 512; // the longer side at which light and sharpness are measured

/** The verdict on pixels: RGBA of `width` by `height`, brought down from a photo whose shorter side is `shorter`. */
export function verdict({ data, width, height }, shorter, limits) {
  if (shorter < limits.pixels) return "small";
  const grey = greys(data);
  const light = mean(grey);
  if (light < limits.dark) return "tooDark";
  if (light > limits.bright) return "tooBright";
  return sharpness(grey, width, height) < limits.sharp ? "blurred" : "good";
}

/** Grey values 0 to 255 (ITU-R BT.601) of RGBA. */
export function greys(data) {
  const grey = new Float32Array(data.length / 4);
  for (let at = 0; at < grey.length; at += 1) {
    grey[at] = 0.299 * data[4 * at] + 0.587 * data[4 * at + 1] + 0.114 * data[4 * at + 2];
  }
  return grey;
}

/** The variance of the Laplacian: edges make it large, a blurred photo has few of them. */
export function sharpness(grey, width, height) {
  let [sum, squares, count] = [0, 0, 0];
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      const value = grey[at - 1] + grey[at + 1] + grey[at - width] + grey[at + width] - 4 * grey[at];
      sum += value;
      squares += value * value;
      count += 1;
    }
  }
  return count ? squares / count - (sum / count) ** 2 : 0;
}

function mean(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length ? sum / values.length : 0;
}
