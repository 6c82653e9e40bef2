export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of credentials that last for a time only. */
  readonly sessionToken?: string | undefined;
}

export interface AwsAccount {
  readonly credentials: AwsCredentials;
  /** Where the controller runs, or what its profile says, if either does. */
  readonly region?: string | undefined;
}

/** Which credentials are asked for: the controller's own, or those of a profile in its configuration files. */
export interface AwsWanted {
  readonly profile?: string;
}

/** Credentials in an answer of STS, which is XML. */
export function stsCredentials(xml: string): AwsCredentials | undefined {
  const accessKeyId = xmlText(xml, 'AccessKeyId');
  const secretAccessKey = xmlText(xml, 'SecretAccessKey');
  const sessionToken = xmlText(xml, 'SessionToken');
  if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken };
}

/** The text of the first element of a name, which holds no other elements. */
export function xmlText(xml: string, name: string): string | undefined {
  const start = xml.indexOf(`<${name}>`);
  const end = xml.indexOf(`</${name}>`, start);
  if (start < 0 || end < 0) return undefined;
  return xml
    .slice(start + name.length + 2, end)
    .trim()
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** Where the services of a region are. */
export function domainOf(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
}

/** The form that asks STS for credentials: an action and what it needs, such as the role. */
export function stsForm(action: string, fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams({ Action: action, Version: '2011-06-15', ...fields }).toString();
}

export function stsUrl(region: string): string {
  return `https://sts.${region}.${domainOf(region)}/`;
}
