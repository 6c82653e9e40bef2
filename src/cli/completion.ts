import { KINDS } from '../api/kinds.ts';
import type { ResourceKind } from '../api/kube-object.ts';
import { CommandError, type Session } from './session.ts';

/** What can be typed: verbs and their options, as the program defines them. */
export interface Grammar {
  readonly verbs: readonly VerbGrammar[];
}

export interface VerbGrammar {
  /** `get`, or `set image`. */
  readonly name: string;
  readonly options: readonly OptionGrammar[];
  /** Kinds whose names the verb takes; the first may be left out. */
  readonly kinds: readonly ResourceKind[];
  /** Words that stand for a kind in front of a name. */
  readonly kindWords: readonly string[];
}

export interface OptionGrammar {
  readonly flags: readonly string[];
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly takesFile: boolean;
}

/** What may come next, or a kind whose names may come next. */
export interface Candidates {
  readonly words: readonly string[];
  readonly namesOf?: ResourceKind;
  /** Files of this machine. */
  readonly files: boolean;
}

/** Candidates for the last of `words`, which begins with what was typed of it. */
export function candidatesFor(grammar: Grammar, words: readonly string[]): Candidates {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const verb = verbOf(grammar, before);
  if (verb === undefined) return of(verbWords(grammar, before), typed);
  const option = verb.options.find(({ flags }) => flags.includes(before.at(-1) ?? ''));
  if (option?.takesValue === true) return option.takesFile ? { words: [], files: true } : of(option.choices, typed);
  if (typed.startsWith('-'))
    return of(
      verb.options.flatMap(({ flags }) => flags.filter((flag) => flag.startsWith('--'))),
      typed,
    );
  const positional = positionals(verb, before.slice(verb.name.split(' ').length));
  const named = kindNamed(positional[0]);
  if (verb.kindWords.length > 0 && positional.length === 0)
    return { ...of(verb.kindWords, typed), namesOf: verb.kinds[0] };
  return { words: [], files: false, namesOf: named ?? verb.kinds[0] };
}

function of(words: readonly string[], typed: string): Candidates {
  return { words: words.filter((word) => word.startsWith(typed)), files: false };
}

function verbOf({ verbs }: Grammar, before: readonly string[]): VerbGrammar | undefined {
  return verbs.find(({ name }) => name.split(' ').every((part, index) => before[index] === part));
}

function verbWords({ verbs }: Grammar, before: readonly string[]): readonly string[] {
  const parts = verbs.map(({ name }) => name.split(' '));
  return [
    ...new Set(
      parts
        .filter((part) => before.every((word, index) => part[index] === word))
        .map((part) => part[before.length] ?? ''),
    ),
  ];
}

function positionals(verb: VerbGrammar, words: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('-')) found.push(word);
    else if (verb.options.some(({ flags, takesValue }) => takesValue && flags.includes(word))) index += 1;
  }
  return found;
}

function kindNamed(word: string | undefined): ResourceKind | undefined {
  return [KINDS.rollout, KINDS.experiment, KINDS.analysisRun].find(({ kind }) => kind.toLowerCase() === word);
}

/** Names for a completion: none rather than an error. */
export async function namesFor(session: Session, kind: ResourceKind, typed: string): Promise<readonly string[]> {
  const objects = await session.reader.list(kind, { namespace: session.place.namespace }).catch(() => []);
  return objects.map(({ metadata }) => metadata.name).filter((name) => name.startsWith(typed));
}

/** The answer that shells (and kubectl, of its plug-ins) read: a candidate a line, then whether files may follow. */
export function completionText(words: readonly string[], { files }: { readonly files: boolean }): string {
  return [...[...words].sort(), files ? ':0' : ':4'].join('\n');
}

/** The script that a shell reads once. Throws CommandError for a shell that is not known. */
export function completionScript(shell: string): string {
  const script = SCRIPTS[shell];
  if (script === undefined) throw new CommandError(`${shell}: completion is for ${Object.keys(SCRIPTS).join(', ')}`);
  return script.trim();
}

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `
# Completion for headgate: source <(headgate completion bash)
_headgate() {
  local answer directive
  answer="$(headgate __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" || return
  directive="\${answer##*:}"
  COMPREPLY=()
  if [ "$directive" = 0 ]; then compopt -o default 2>/dev/null; return; fi
  while IFS= read -r word; do [ -n "$word" ] && COMPREPLY+=("$word"); done <<<"\${answer%:*}"
}
complete -F _headgate headgate
`,
  zsh: `
#compdef headgate
# Completion for headgate: source <(headgate completion zsh)
_headgate() {
  local -a lines
  lines=("\${(@f)$(headgate __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  local directive="\${lines[-1]}"
  lines[-1]=()
  if [[ "$directive" == ":0" ]]; then _files; else compadd -- "\${lines[@]}"; fi
}
compdef _headgate headgate
`,
  fish: `
# Completion for headgate: headgate completion fish | source
function __headgate_complete
  set -l words (commandline -opc) (commandline -ct)
  headgate __complete -- $words[2..-1] 2>/dev/null | string match -v ':*'
end
complete -c headgate -n 'not __fish_contains_opt -s f filename' -f -a '(__headgate_complete)'
`,
  powershell: `
# Completion for headgate: headgate completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName headgate -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($wordToComplete -eq '') { $words += '""' }
  headgate __complete -- @words 2>$null | Where-Object { $_ -notlike ':*' } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`,
};
