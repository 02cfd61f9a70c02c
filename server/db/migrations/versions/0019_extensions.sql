CREATE TABLE api_based_extensions (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    name TEXT DEFAULT '' NOT NULL,
    endpoint TEXT DEFAULT '' NOT NULL,
    sealed_key TEXT DEFAULT '' NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_api_based_extensions PRIMARY KEY (id),
    CONSTRAINT uq_api_based_extensions_tenant_id_name UNIQUE (tenant_id, name)
);
