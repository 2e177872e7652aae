// When a browser has come to another network, and by which way its media goes.

const MOVED_MS = 300;

/** Another network (Wi-Fi to mobile) makes the present way useless long before it is seen to fail. Returns the end. */
export function watchNetwork(moved) {
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(moved, MOVED_MS);
  };
  window.addEventListener('online', soon);
  navigator.connection?.addEventListener?.('change', soon);
  return () => {
    clearTimeout(timer);
    window.removeEventListener('online', soon);
    navigator.connection?.removeEventListener?.('change', soon);
  };
}

/** `direct`, or the protocol by which the relay is reached (udp | tcp | tls); null while there is none. */
export function wayOf(report) {
  let used = null;
  report.forEach((entry) => {
    if (entry.type === 'transport' && entry.selectedCandidatePairId) used = report.get(entry.selectedCandidatePairId);
  });
  const local = used && report.get(used.localCandidateId);
  if (!local) return null;
  return local.candidateType === 'relay' ? local.relayProtocol ?? 'udp' : 'direct';
}
