namespace GmailCluster.Tests.Specs;

public sealed class SpecRulesTests
{
    [Theory]
    [InlineData("arms: [real, gmail, real]", "coco.yaml:16: arms has real more than once. Name each once.")]
    [InlineData("seeds: [1, 2, 1]", "coco.yaml:16: seeds has 1 more than once. Name each once.")]
    [InlineData("llava: {}", "coco.yaml:2: models.llava_language_model is missing, and llava needs it. Name a LlamaForCausalLM folder, or remove the llava section.")]
    [InlineData("evaluate: { recall_at: [] }", "coco.yaml:16: evaluate.recall_at is empty. Name cut-offs such as [1, 5, 10].")]
    [InlineData("evaluate: { recall_at: [1, 0] }", "coco.yaml:16: evaluate.recall_at[1] is 0, below 1. Set 1 or more.")]
    [InlineData("evaluate: { recall_at: [1, 1] }", "coco.yaml:16: evaluate.recall_at has 1 more than once. Name each once.")]
    [InlineData("evaluate: { zero_shot: { test: nvoel } }", "coco.yaml:16: evaluate.zero_shot.test is 'nvoel', which is no test set. Did you mean novel?")]
    [InlineData("evaluate: { zero_shot: { test: novel, templates: [a photo] } }", "coco.yaml:16: evaluate.zero_shot.templates[0] has {} 0 times. Put {} once, where the class name goes.")]
    [InlineData("sweep: { data_fraction: [0.5, 0] }", "coco.yaml:16: sweep.data_fraction[1] is 0, not above 0 and at most 1. Set a fraction such as 0.25.")]
    [InlineData("sweep: { data_fraction: [1.5] }", "coco.yaml:16: sweep.data_fraction[0] is 1.5, not above 0 and at most 1. Set a fraction such as 0.25.")]
    [InlineData("sweep: { images_per_caption: [1, 2] }", "coco.yaml:16: sweep.images_per_caption[1] is 2, more than generate.images_per_caption, which is 1. Generate as many, or sweep fewer.")]
    [InlineData("sweep: { images_per_caption: [] }", "coco.yaml:16: sweep.images_per_caption is empty. Name numbers such as [1, 2, 4], or leave the key out.")]
    [InlineData("sweep: { arms: [real] }", "coco.yaml:16: sweep.arms has real, which uses no generated images. Remove it from the sweep.")]
    public void A_broken_rule_is_told_at_its_key(string line, string problem) => Assert.Equal(problem, SpecText.ProblemOf(line));

    [Theory]
    [InlineData("generate: {}", "generate: { guidance_scale: 0.5 }", "generate.guidance_scale is 0.5, outside 1..100. Set a value such as 7.5.")]
    [InlineData("generate: {}", "generate: { guidance_scale: 1, negative_prompt: blurred }", "generate.negative_prompt has no effect: a guidance_scale of 1 turns guidance off. Raise guidance_scale, or remove the key.")]
    [InlineData("generate: {}", "generate: { seed: -1 }", "generate.seed is -1, outside 0..2147483647. Set a value such as 0.")]
    [InlineData("align: {}", "align: { steps: 5 }", "align.optimizer.warmup_steps is 10, more than align.steps, which is 5. Set it below the number of steps, usually a tenth.")]
    [InlineData("align: {}", "align: { batch_size: 130 }", "align.batch_size is 130, which 4 ranks (world_size) cannot share evenly. Set a multiple of 4 such as 128.")]
    [InlineData("align: {}", "align: { batch_size: 2 }", "align.batch_size is 2, which 4 ranks (world_size) cannot share evenly. Set a multiple of 4 such as 4.")]
    [InlineData("align: {}", "align: { loss: { mmd_sigmas: [0.3, 0] } }", "align.loss.mmd_sigmas[1] is 0, not above 0. Set a kernel width such as 0.35.")]
    [InlineData("align: {}", "align: { preset: paper, loss: { mmd_sigmas: [0.3] } }", "align.loss.mmd_sigmas has no effect: mmd, patch_mmd and patch_position_mmd are 0 with preset paper. Remove the key, or give one of the terms a weight.")]
    [InlineData("align: {}", "align: { preset: paper, loss: { real_info_nce: 0 } }", "align.loss has weight 0 for every term, so nothing would be learned. Give at least one term a weight above 0.")]
    [InlineData("align: {}", "align: { loss: { real_temperature: 0 } }", "align.loss.real_temperature is 0, outside 1e-4..100. Set a value in the range, or leave the key out.")]
    [InlineData("align: {}", "align: { lora: { target_modules: [q_proj, q_proj] } }", "align.lora.target_modules has q_proj more than once. Name each once.")]
    [InlineData("align: {}", "align: { lora: { target_modules: [''] } }", "align.lora.target_modules[0] is empty. Name a layer such as q_proj.")]
    [InlineData("  diffusion: sd", "", "models.diffusion is missing, and generate needs it. Name a Stable Diffusion pipeline folder, or remove the generate section.")]
    [InlineData("caption: {}", "", "models.language_model has no effect: there is no caption section. Add one ('caption: {}' takes the defaults), or remove the key.")]
    [InlineData("generate: {}\nalign: {}", "generate: {}", "align is missing, and the arms gmail, gmail+real need Gen-CLIP. Add an align section ('align: {}' takes the defaults), or leave these arms out.")]
    [InlineData("    path: train.tar", "    path: train.tar\n    image_field: file", "data.train.image_field has no effect: this layout holds its own pictures. Remove the key.")]
    [InlineData("path: novel.tar", "path: ./x/../train.tar", "data.tests[0].path is './x/../train.tar', the same pictures as data.train. Held-out pictures must be others: name another file or split.")]
    public void A_section_that_breaks_a_rule_is_told(string piece, string replacement, string problem)
    {
        var told = Assert.Single(SpecText.ProblemsOf(SpecText.With(piece, replacement)));

        Assert.Equal(problem, told[(told.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
    }

    [Fact]
    public void What_only_generated_images_need_has_no_effect_for_the_real_arm_alone()
    {
        var problems = SpecText.ProblemsOf($$"""
            {{SpecText.Valid}}
            arms: [real]
            """);

        Assert.Equal(
            [
                "coco.yaml:12: generate has no effect: arms has only real, which uses no generated images. Add another arm, or remove the section.",
                "coco.yaml:13: align has no effect: arms has neither gmail nor gmail+real. Add one of them, or remove the section.",
            ],
            problems);
    }

    [Fact]
    public void The_real_arm_alone_needs_no_diffusion_model()
    {
        var spec = SpecText.Read("""
            name: real
            arms: [real]
            models: { clip: clip }
            data: { train: { path: a.tar }, tests: [{ name: t, path: b.tar }] }
            retrieve: {}
            """);

        Assert.Null(spec.Generate);
    }

    [Fact]
    public void A_spec_that_asks_for_nothing_is_refused() => Assert.Contains(
        "coco.yaml:1: asks for nothing: no generate, align or task section. Add caption, retrieve, long or llava.",
        SpecText.ProblemsOf("""
            name: none
            arms: [real]
            models: { clip: clip }
            data: { train: { path: a.tar }, tests: [{ name: t, path: b.tar }] }
            """));

    [Fact]
    public void Test_sets_have_different_names()
    {
        var problem = Assert.Single(SpecText.ProblemsOf(SpecText.With("      path: novel.tar", "      path: novel.tar\n    - name: novel\n      path: other.tar")));

        Assert.Equal("coco.yaml:9: data.tests has novel more than once. Name each once.", problem);
    }

    [Fact]
    public void Two_splits_of_one_file_are_two_sets()
    {
        var spec = SpecText.Read(SpecText.With("path: train.tar", "path: k.json\n    split: train").Replace("path: novel.tar", "path: k.json\n      split: test", StringComparison.Ordinal));

        Assert.Equal("test", spec.Data.Tests[0].Split);
    }

    [Theory]
    [InlineData("splits: []", "data.prompts.splits is empty. Name at least one split, or leave the key out for all rows.")]
    [InlineData("split_field: part", "data.prompts.split_field has no effect: splits chooses none. Add splits, or remove the key.")]
    [InlineData("limit: 0", "data.prompts.limit is 0, outside 1..2147483647. Set a value in the range, or leave the key out.")]
    [InlineData("id_field: ''", "data.prompts.id_field is empty. Set a value such as id.")]
    public void Prompts_are_checked(string line, string problem)
    {
        var told = Assert.Single(SpecText.ProblemsOf(SpecText.With("generate: {}", "  prompts:\n    path: p.jsonl\n    " + line + "\ngenerate: {}")));

        Assert.Equal($"coco.yaml:14: {problem}", told);
    }

    [Theory]
    [InlineData("what is this?", 0)]
    [InlineData("<image> or <image>?", 2)]
    public void The_llava_prompt_has_one_image(string prompt, int count)
    {
        var text = SpecText.With("  diffusion: sd", "  diffusion: sd\n  llava_language_model: llama") + $"\nllava: {{ prompt: \"{prompt}\" }}";

        Assert.Equal(
            $"coco.yaml:17: llava.prompt has <image> {count} times. Put <image> once, where the patches go.", Assert.Single(SpecText.ProblemsOf(text)));
    }

    [Fact]
    public void A_rule_is_silent_about_a_value_that_could_not_be_read()
    {
        var problems = SpecText.ProblemsOf(SpecText.With("align: {}", "align: { batch_size: 127.5, steps: 5, optimizer: { warmup_steps: x } }"));

        Assert.Equal(2, problems.Length);
        Assert.All(problems, problem => Assert.Contains("not a whole number", problem, StringComparison.Ordinal));
    }
}
