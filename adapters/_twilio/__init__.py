"""Parts of the Twilio channel that are easier to read on their own. Only ``adapters/twilio.py`` imports them."""
