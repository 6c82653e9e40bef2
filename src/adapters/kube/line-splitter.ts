const NEWLINE = 0x0a;
/** etcd refuses objects above 1.5 MB; with managedFields and JSON's own overhead no event comes near this. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;

/** Cuts a stream of bytes into lines. A character that spans two chunks stays whole, because only whole lines are decoded. */
export function createLineSplitter(onLine: (line: string) => void): { push(chunk: Buffer): void } {
  let partial: Buffer[] = [];
  let partialBytes = 0;

  function finishPartial(end: Buffer): string {
    const whole = Buffer.concat([...partial, end]).toString();
    partial = [];
    partialBytes = 0;
    return whole;
  }

  return {
    push(chunk) {
      let from = 0;
      for (;;) {
        const at = chunk.indexOf(NEWLINE, from);
        if (at === -1) break;
        const line = partialBytes === 0 ? chunk.toString('utf8', from, at) : finishPartial(chunk.subarray(from, at));
        from = at + 1;
        if (line !== '') onLine(line);
      }
      if (from === chunk.length) return;
      // A copy: the rest of a chunk must not keep its whole pool page alive for as long as a quiet watch lasts.
      partial.push(Buffer.from(chunk.subarray(from)));
      partialBytes += chunk.length - from;
      if (partialBytes > LINE_BYTES_MAX) throw new Error('a line of the watch is too long');
    },
  };
}
