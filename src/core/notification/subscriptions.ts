import { SUBSCRIBE_ANNOTATION_PREFIX } from '../../api/labels.ts';

/**
 * Who wants to hear of a trigger by a service, from annotations such as
 * `notifications.argoproj.io/subscribe.on-rollout-aborted.slack: deliveries;oncall`.
 */
export function recipientsOf(
  annotations: Readonly<Record<string, string>> | undefined,
  subscription: { readonly trigger: string; readonly service: string },
): readonly string[] {
  const text = annotations?.[`${SUBSCRIBE_ANNOTATION_PREFIX}${subscription.trigger}.${subscription.service}`] ?? '';
  const recipients = text.split(/[;,]/).map((recipient) => recipient.trim());
  return [...new Set(recipients.filter((recipient) => recipient !== ''))];
}
