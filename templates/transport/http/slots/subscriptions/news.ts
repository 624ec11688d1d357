/** Of what a client can hear: tools and prompts stay what they are. */
export const NEWS: News = 'resources';
