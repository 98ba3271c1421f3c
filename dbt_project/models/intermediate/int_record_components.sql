{{ connected_components(ref("int_record_identifiers")) }}
