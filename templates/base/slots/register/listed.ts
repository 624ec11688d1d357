return { resources: listed };
