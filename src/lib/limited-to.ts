/** A signal with an end of its own. */
export interface Limit {
  readonly signal: AbortSignal;
  /** Whether the time was up, and not the outer signal first. */
  readonly expired: () => boolean;
  /** To be called when the work is done. */
  readonly clear: () => void;
}

/**
 * A signal that aborts after a time, or with another one. AbortSignal.any over AbortSignal.timeout would be shorter, but Node 20
 * may collect the inner signal before it fires, and then the deadline never comes.
 */
export function limitedTo(ms: number, outer?: AbortSignal): Limit {
  const controller = new AbortController();
  let expired = false;
  const abort = () => controller.abort();
  const timer = setTimeout(() => {
    expired = !controller.signal.aborted;
    abort();
  }, ms);
  if (outer?.aborted) abort();
  else outer?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    clear: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    },
  };
}
