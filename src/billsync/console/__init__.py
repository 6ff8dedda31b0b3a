"""What is reached over HTTP: the address that other systems tell their changes to.  (shell)"""
