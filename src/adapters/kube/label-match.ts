/**
 * Whether labels match a selector of the plain forms `key`, `!key`, `key=value`, `key==value` and `key!=value`, joined by
 * commas; undefined for forms that only the API server is asked to judge (`in`, `notin`, `<`, `>`).
 */
export function matchesSelector(labels: Readonly<Record<string, string>>, selector: string): boolean | undefined {
  let matches = true;
  for (const requirement of selector.split(',')) {
    const parsed = REQUIREMENT.exec(requirement.trim());
    if (parsed === null) return undefined;
    const [, absent, key = '', operator, value] = parsed;
    const actual = labels[key];
    if (operator === '!=') matches &&= actual !== value;
    else if (operator !== undefined) matches &&= actual === value;
    else matches &&= (actual === undefined) === (absent === '!');
  }
  return matches;
}

const REQUIREMENT = /^(!?)([\w./-]+)\s*(?:(==|=|!=)\s*([\w.-]*))?$/;
