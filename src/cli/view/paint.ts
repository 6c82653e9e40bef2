export type Colour = 'green' | 'yellow' | 'red' | 'blue' | 'dim' | 'bold';

/** Gives a text a colour, or leaves it as it is where colours are not wanted. */
export type Paint = (text: string, colour: Colour | undefined) => string;

const CODES: Readonly<Record<Colour, number>> = { green: 32, yellow: 33, red: 31, blue: 94, dim: 2, bold: 1 };
const ESCAPE = String.fromCodePoint(27);

export const plain: Paint = (text) => text;

export const coloured: Paint = (text, colour) =>
  colour === undefined || text === '' ? text : `${ESCAPE}[${CODES[colour]}m${text}${ESCAPE}[0m`;
