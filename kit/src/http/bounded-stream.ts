/**
 * Hands a stream on to a client that may read slowly or not at all: with more than `maxBytes` that wait for it, it loses the stream.
 * @param onEnd is called once, when the stream is over for whatever reason
 */
export function boundedStream(
  source: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  const reader = (source ?? new Blob([]).stream()).getReader();

  async function pass(target: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return target.close();
      if ((target.desiredSize ?? 0) <= 0) throw new Error('the client does not read its stream');
      target.enqueue(value);
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      start(target) {
        pass(target)
          .catch(async (error: unknown) => {
            target.error(error);
            await reader.cancel(error);
          })
          .catch(() => {})
          .finally(onEnd);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: maxBytes }),
  );
}
