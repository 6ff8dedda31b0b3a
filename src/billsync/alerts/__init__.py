"""Alerts: what an operator has to know, told once for each cause, with the reason and the mend.  (shell)

    facts ──rules──▶ causes ──telling──▶ alerts, and what each channel is to be told ──channels──▶ mail, chat, pager

`catalogue` lists the codes, `facts` what is looked at, `rules` what of it is a cause, `telling` keeps one cause one
alert and one message, `message` puts it into words: all pure.  `reading` asks the store, `channels/` speak to the
outside, `alerting` goes round: after each run and every minute.
"""
