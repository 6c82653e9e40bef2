import type { DeliveryOutcome, SearchOutcome } from '../core/notification/delivery.ts';
import type { Notice } from '../core/notification/notice.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';

/**
 * A notification service is a transformation without I/O: it words a notice as an exchange and reads the answer. The
 * shell sends, and `core/notification` decides when.
 *
 * Contract (one suite runs over every registered notifier): nothing throws, whatever notice and answer are; the key of
 * the notice travels with the message; texts of any length and content are kept within the service's limits and cannot
 * contain links or mentions; only a clear yes of the service counts as delivered; the credential stands in `secrets`.
 */
export interface Notifier {
  readonly id: string;
  render(notice: Notice, target: NotificationTarget): Exchange;
  /** What the answer to `render` means. */
  delivered(response: ExchangeResponse): DeliveryOutcome;
  /** Asks for messages among which one with the notice's key would be. */
  search(notice: Notice, target: NotificationTarget): Exchange;
  /** What the answer to `search` means, or the next page to ask for. */
  found(exchange: Exchange, response: ExchangeResponse, notice: Notice): SearchOutcome | Exchange;
}

export interface NotificationTarget {
  /** A channel, a user, an address: whatever the service calls it. */
  readonly recipient: string;
  /** From a Secret. */
  readonly credential: string;
  /** Another server than the service's own, such as a local one. No slash at the end. */
  readonly apiUrl?: string;
}

/** More than any service answers; a longer answer is refused. */
export const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;
export const TIMEOUT_MS = 15_000;
