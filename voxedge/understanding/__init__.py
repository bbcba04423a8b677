"""From words to intents and slots."""
