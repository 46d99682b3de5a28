import type { Alert } from '../types.ts';

/** What became of one try. The channel says whether another try makes sense; it never retries itself. */
export type SendResult =
  | { readonly ok: true; readonly because: string }
  | { readonly ok: false; readonly retry: boolean; readonly because: string };

/** A way to tell people. `send` resolves (it does not reject) within the time the signal allows. */
export interface Channel {
  /** Name rules use in `notify:`. */
  readonly name: string;
  /** `email`, `webhook`, `exec` ... */
  readonly kind: string;
  send(alert: Alert, signal: AbortSignal): Promise<SendResult>;
  close(): Promise<void>;
}
