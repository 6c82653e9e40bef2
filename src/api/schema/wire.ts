import type { z } from 'zod';

import type { DeepReadonly } from '../../lib/deep-readonly.ts';

/** The read-only type of what a schema accepts: the wire, before any defaulting. */
export type Wire<Schema extends z.ZodType> = DeepReadonly<z.input<Schema>>;
