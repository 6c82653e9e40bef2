import type { AwsAccount, AwsWanted } from '../lib/aws-account.ts';

/** The controller's own credentials at AWS, wherever it runs. */
export interface AwsCredentialSource {
  /** Rejects with an Error that says what was looked for; its message holds no secret. */
  account(wanted?: AwsWanted): Promise<AwsAccount>;
}
