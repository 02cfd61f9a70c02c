CREATE TABLE document_pictures (
    document_id UUID NOT NULL,
    upload_file_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    dataset_id UUID NOT NULL,
    version INTEGER DEFAULT '0' NOT NULL,
    CONSTRAINT pk_document_pictures PRIMARY KEY (document_id, upload_file_id)
);

CREATE INDEX ix_document_pictures_dataset ON document_pictures (dataset_id);
