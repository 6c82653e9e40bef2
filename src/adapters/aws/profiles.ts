/** What the shared configuration files of AWS' tools say of one profile; keys in lower case. */
export type Profile = Readonly<Record<string, string>>;

export interface ProfileFiles {
  /** `~/.aws/credentials`; empty where there is none. */
  readonly credentials: string;
  /** `~/.aws/config`, in which the sections of profiles are called `profile NAME`. */
  readonly config: string;
}

/**
 * The profile of a name, from both files; keys that are in both are taken from the credentials. Format: "Format of the
 * shared config and credentials files" in the AWS SDKs and Tools Reference Guide.
 */
export function profileOf(name: string, { credentials, config }: ProfileFiles): Profile | undefined {
  const sections = sectionsOf(config);
  const configured = sections.get(`profile ${name}`) ?? (name === 'default' ? sections.get(name) : undefined);
  const secret = sectionsOf(credentials).get(name);
  return configured === undefined && secret === undefined ? undefined : { ...configured, ...secret };
}

function sectionsOf(text: string): ReadonlyMap<string, Profile> {
  const sections = new Map<string, Record<string, string>>();
  let section: Record<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const title = /^\s*\[([^\]]*)\]/.exec(line)?.[1];
    if (title !== undefined) {
      const name = title.trim().replace(/\s+/g, ' ');
      section = sections.get(name) ?? {};
      sections.set(name, section);
      continue;
    }
    // Indented lines go on with the key above, of which we want none.
    const [, key, value = ''] = /^([^\s#;=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === undefined || key === undefined) continue;
    section[key.toLowerCase()] = value.replace(/\s+[#;].*$/, '');
  }
  return sections;
}
