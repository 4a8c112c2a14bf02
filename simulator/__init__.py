"""WeChat's and Twilio's servers on loopback, and a page of phones that talk to them. It imports nothing of the
product.
"""
