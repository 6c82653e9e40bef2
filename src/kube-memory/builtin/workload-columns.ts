import type { ColumnDefinition } from '../resource.ts';
import { column } from './columns.ts';
import { fieldsAt } from './fields.ts';
import { containerImages, containerNames } from './pod-cells.ts';
import { selectorText } from './selectors.ts';

/** The wide columns that ReplicaSets, Deployments and Jobs share. */
export const templateColumns: readonly ColumnDefinition[] = [
  column('Containers', (object) => containerNames(fieldsAt(object, 'spec', 'template')), 'wide'),
  column('Images', (object) => containerImages(fieldsAt(object, 'spec', 'template')), 'wide'),
  column('Selector', (object) => selectorText(fieldsAt(object, 'spec').selector), 'wide'),
];
