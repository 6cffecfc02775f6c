-- Which home, or shared store of bytes, this database belongs to. One row at most.
CREATE TABLE "installation" (
    "is_only" BOOLEAN NOT NULL DEFAULT true,
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "installation_pkey" PRIMARY KEY ("is_only")
);

ALTER TABLE "installation" ADD CONSTRAINT "installation_one_row" CHECK ("is_only");
