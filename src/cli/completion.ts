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
  const { before, typed } = typedIn(words);
  const verb = verbOf(grammar, before);
  if (verb === undefined) return of(verbWords(grammar, before), typed);
  const option = optionOf(verb, before.at(-1));
  if (option?.takesValue === true) return valuesOf(option, typed);
  const [flag = '', value] = typed.split('=', 2);
  const joined = optionOf(verb, flag);
  if (value !== undefined && joined?.takesValue === true) {
    const { words: values, files } = valuesOf(joined, value);
    return { words: values.map((word) => `${flag}=${word}`), files };
  }
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

/** bash takes `--output=j` for three words; PowerShell hands over an empty one as two quotes, or not at all. */
function typedIn(words: readonly string[]): { readonly before: readonly string[]; readonly typed: string } {
  const [last, ...others] = words.toReversed();
  return {
    before: others.toReversed().filter((word) => word !== '='),
    typed: last === undefined || last === '""' || last === '=' ? '' : last,
  };
}

function optionOf({ options }: VerbGrammar, flag: string | undefined): OptionGrammar | undefined {
  return options.find(({ flags }) => flag !== undefined && flags.includes(flag));
}

function valuesOf({ takesFile, choices }: OptionGrammar, typed: string): Candidates {
  return takesFile ? { words: [], files: true } : of(choices, typed);
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
  if [[ "$directive" == ":0" ]]; then compset -P '--*='; _files; else compadd -- "\${lines[@]}"; fi
}
# Autoloaded from a folder of $fpath this file is the function, and the first question is already asked.
if [ "\${funcstack[1]}" = _headgate ]; then _headgate "$@"; else compdef _headgate headgate; fi
`,
  fish: `
# Completion for headgate: headgate completion fish | source
function __headgate_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l answer (headgate __complete -- $words[2..-1] 2>/dev/null)
  if test "$answer[-1]" = :0
    set -l option (commandline -ct | string match -r '^--[^=]*=')
    __fish_complete_path (commandline -ct | string replace -r '^--[^=]*=' '') | string replace -r '^' -- "$option"
  else
    string match -v ':*' -- $answer
  end
end
complete -c headgate -f -a '(__headgate_complete)'
`,
  powershell: `
# Completion for headgate: headgate completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName headgate -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { "$_" })
  if ($wordToComplete -eq '') { $words += '""' }
  headgate __complete -- @words 2>$null | Where-Object { $_ -notlike ':*' } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`,
};
