export const VALID_SECONDS = 600;
