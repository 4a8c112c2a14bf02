"""Parts of the Twilio channel that read better alone. Only ``adapters/twilio.py`` imports them."""
