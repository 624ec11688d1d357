const UNTRUSTED = 'must be an https address, or http on this machine';
