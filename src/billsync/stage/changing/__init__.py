"""From deals to what is agreed: each change is proposed with its effect, then agreed at once or by a person.  (shell)

Owns: which deals propose what (`proposing`, `cases`, `steps`), what it comes to (`effects`), who decides (`asking`),
and what a person's word does (`deciding`).  Does not own: how a contract changes (`billing.agreeing`), nor how what is
agreed is billed (`stage.agreed`).
"""
