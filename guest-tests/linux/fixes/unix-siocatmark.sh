trigger unix-siocatmark
