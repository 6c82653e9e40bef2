/** What the shared configuration files of AWS' tools say of one profile; keys in lower case. */
export type Profile = Readonly<Record<string, string>>;

export interface ProfileFile {
  readonly path: string;
  /** Empty where there is no such file. */
  readonly text: string;
}

export interface ProfileFiles {
  /** `~/.aws/credentials`. */
  readonly credentials: ProfileFile;
  /** `~/.aws/config`, in which the sections of profiles are called `profile NAME`. */
  readonly config: ProfileFile;
}

/**
 * The profile of a name, from both files; keys that are in both are taken from the credentials. Format: "Format of the
 * shared config and credentials files" in the AWS SDKs and Tools Reference Guide.
 * Throws for a line that is no part of it, by its number only: what it says may be a secret.
 */
export function profileOf(name: string, { credentials, config }: ProfileFiles): Profile | undefined {
  const sections = sectionsOf(config);
  const configured = sections.get(`profile ${name}`) ?? (name === 'default' ? sections.get(name) : undefined);
  const secret = sectionsOf(credentials).get(name);
  return configured === undefined && secret === undefined ? undefined : { ...configured, ...secret };
}

function sectionsOf({ path, text }: ProfileFile): ReadonlyMap<string, Profile> {
  const sections = new Map<string, Record<string, string>>();
  let section: Record<string, string> | undefined;
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const title = /^\s*\[([^\]]*)\]/.exec(line)?.[1];
    if (title !== undefined) {
      const name = title.trim().replace(/\s+/g, ' ');
      section = sections.get(name) ?? {};
      sections.set(name, section);
      continue;
    }
    // Indented lines go on with the key above, of which we want none.
    if (/^(\s|[#;]|$)/.test(line)) continue;
    const [, key, value = ''] = /^([^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === undefined || key === undefined || key === '' || key.startsWith('[')) {
      throw new Error(
        `${path}, line ${index + 1}: neither a [profile], nor "key = value" in one, as files of AWS profiles are written`,
      );
    }
    section[key.toLowerCase()] = value.replace(/\s+[#;].*$/, '');
  }
  return sections;
}
