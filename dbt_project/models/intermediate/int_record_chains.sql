{{ connected_components(ref("int_identifiers_judged"), where="suppression_reason is null") }}
