import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FormatError, QsaeError } from "@qsae/runtime";
import { kindOfPath } from "../files/kind-of-path.ts";

/** A language model with text, as `examples/tiny-lm` has it. */
export interface QuickstartModel {
  readonly folder: string;
  readonly model: string;
  readonly trainText: string;
  readonly heldoutText: string;
}

const SHIPPED = join("examples", "tiny-lm");

/**
 * The files of the model in `folder`, or of the one that lies beside this package in a clone of the project.
 *
 * @param places where to look if `folder` is not given
 * @throws FormatError if a file is missing from `folder`, QsaeError saying where to get the model if there is none
 */
export async function findModel(
  folder: string | undefined,
  places: readonly string[] = shippedPlaces(),
): Promise<QuickstartModel> {
  const found = folder ?? (await findShipped(places));
  const files = {
    folder: found,
    model: join(found, "model.onnx"),
    trainText: join(found, "train.txt"),
    heldoutText: join(found, "heldout.txt"),
  };
  for (const path of [files.model, join(found, "tokenizer.json"), files.trainText, files.heldoutText]) {
    if ((await kindOfPath(path)) !== "file") {
      throw new FormatError(
        path,
        "no such file; quickstart needs model.onnx, tokenizer.json, train.txt and heldout.txt in one folder",
      );
    }
  }
  return files;
}

async function findShipped(places: readonly string[]): Promise<string> {
  for (const folder of places) if ((await kindOfPath(join(folder, "model.onnx"))) === "file") return folder;
  throw new QsaeError(
    `the language model of the quickstart is not part of this package; get the folder ${SHIPPED} from the project's repository and give --model-dir DIR`,
  );
}

/** In the current folder, or in the clone this file is part of: `src/quickstart` and `dist` lie at different depths. */
function shippedPlaces(): readonly string[] {
  const here = dirname(fileURLToPath(import.meta.url));
  return [SHIPPED, ...[3, 4].map((up) => join(here, ...Array<string>(up).fill(".."), SHIPPED))];
}
