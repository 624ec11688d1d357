// Nobody authenticates, so everyone may read everything.
const mayHear = (_uri: string) => true;
