"""The phone network in a box: WeChat's and Twilio's servers on loopback, and a page of phones."""
