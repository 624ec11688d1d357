/** A `templates/` folder in memory: the catalog before its templates are compiled. */
import type { Condition } from '../model.js';
import type { AxisOf, FeatureOf, Kit } from './types.js';

/** A template's text, before it is compiled. */
export interface TemplateText {
  /** Its path below `templates/`, for messages. */
  readonly file: string;
  readonly text: string;
}

export interface FileSource {
  readonly path: string;
  readonly file: string;
  /** One of the two is null. */
  readonly template: TemplateText | null;
  readonly bytes: Buffer | null;
  readonly when?: Condition;
}

export interface SlotSource {
  readonly slot: string;
  readonly file: string;
  /** `verbatim` fragments are inserted as they are. */
  readonly template: TemplateText;
  readonly verbatim: boolean;
  readonly when?: Condition;
}

export type FeatureSource = FeatureOf<FileSource, SlotSource>;
export type AxisSource = AxisOf<FeatureSource>;

export interface CatalogSource {
  readonly base: FeatureSource;
  readonly axes: readonly AxisSource[];
  readonly slots: readonly string[];
  readonly blueprints: Readonly<Record<string, Readonly<Record<string, TemplateText>>>>;
  readonly kit: Kit;
}

/** The templates have mistakes; the message lists all of them, each with its file. */
export class CatalogError extends Error {
  override readonly name = 'CatalogError';

  constructor(readonly mistakes: readonly string[]) {
    super(`The templates have ${mistakes.length} mistake(s):\n- ${mistakes.join('\n- ')}`);
  }
}
