if (!access.allows('tool', name)) continue;
