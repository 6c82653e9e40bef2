import { dump } from 'js-yaml';

import { customResourceDefinitions } from '../src/api/crd/definitions.ts';

const HEADER = '# Generated from src/api by `npm run generate`; do not edit.\n';

/** The files of `crds/` by name. */
export function generateCrds(): Map<string, string> {
  return new Map(
    customResourceDefinitions().map((definition) => [
      `${definition.spec.names.plural}.yaml`,
      HEADER + dump(definition, { lineWidth: -1, noRefs: true, sortKeys: false }),
    ]),
  );
}
