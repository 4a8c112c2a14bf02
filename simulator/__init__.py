"""The phone network in a box: WeChat's and Twilio's servers on loopback, and the phones page."""
