if (!access.allows('prompt', name)) continue;
