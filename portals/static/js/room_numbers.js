// What a browser's own numbers say of its connection: getStats summed, and how good the last two seconds were.

export function addEntry(sum, entry) {
  if (entry.type === 'inbound-rtp' && sum[entry.kind]) {
    addNumbers(sum[entry.kind], entry);
  } else if (entry.type === 'outbound-rtp') {
    addNumbers(sum.sent, entry);
  } else if (entry.type === 'remote-inbound-rtp') {
    sum.sent.remoteLoss = Math.max(sum.sent.remoteLoss, entry.fractionLost ?? 0);
  } else if (entry.type === 'candidate-pair' && entry.nominated && entry.state === 'succeeded') {
    sum.roundTrip = entry.currentRoundTripTime ?? sum.roundTrip;
    sum.available = entry.availableOutgoingBitrate ?? sum.available;
  }
}

const GREATEST = new Set(['frameWidth', 'frameHeight', 'jitter']);

function addNumbers(into, entry) {
  for (const name of Object.keys(into)) {
    const value = entry[name];
    if (typeof value === 'number') into[name] = GREATEST.has(name) ? Math.max(into[name], value) : into[name] + value;
  }
}

/** How good the last two seconds were: loss both ways and round trip. */
export function judge(now, before) {
  const received = change(now, before, 'packetsReceived');
  const lost = Math.max(0, change(now, before, 'packetsLost'));
  const lossIn = received + lost > 0 ? lost / (received + lost) : 0;
  const lossOut = now.sent.remoteLoss;
  const roundTrip = now.roundTrip ?? 0;
  const worst = Math.max(lossIn, lossOut);
  const word = worst > 0.08 || roundTrip > 0.6 ? 'poor' : worst > 0.02 || roundTrip > 0.3 ? 'fair' : 'good';
  const measures = {
    loss_in: lossIn, loss_out: lossOut, round_trip: roundTrip,
    frames_decoded: now.video.framesDecoded, freezes: now.video.freezeCount, frame_height: now.video.frameHeight,
    sent_height: now.sent.frameHeight, available: now.available ?? 0,
  };
  return {word, lossIn, lossOut, roundTrip, measures};
}

function change(now, before, name) {
  return ['audio', 'video'].reduce((sum, kind) => sum + now[kind][name] - (before?.[kind][name] ?? 0), 0);
}
