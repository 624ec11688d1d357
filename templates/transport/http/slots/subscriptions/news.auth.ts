/** Of what a client can hear: the lists change with the policy. */
export const NEWS: News = 'everything';
