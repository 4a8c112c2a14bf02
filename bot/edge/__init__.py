"""What passes between platforms and the domain: messages, errors, protocols. No platform is named here."""
